/* How long each answer took, and what it was. */
typedef struct { double since, until; char status[4]; } Wait;

static Wait *waits;
static long wait_count, wait_room;

static void keep_wait(double since, double until, const char *status) {
  if (wait_count == wait_room) {
    wait_room = wait_room ? 2 * wait_room : 65536;
    waits = checked(realloc(waits, wait_room * sizeof(Wait)));
  }
  Wait *wait = &waits[wait_count++];
  wait->since = since;
  wait->until = until;
  memcpy(wait->status, status, 3);
  wait->status[3] = 0;
}

static int compare(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Milliseconds, shortest first, of what was due at `first` or later; how many there are goes to `count`. */
static double *sorted_waits(double first, long *count) {
  double *found = checked(malloc((wait_count + 1) * sizeof(double)));
  *count = 0;
  for (long i = 0; i < wait_count; i++)
    if (waits[i].since >= first) found[(*count)++] = (waits[i].until - waits[i].since) * 1e3;
  qsort(found, *count, sizeof(double), compare);
  return found;
}

static double at(const double *sorted, long count, double share) {
  if (count == 0) return 0;
  long place = (long)(share * count);
  return sorted[place < count ? place : count - 1];
}

/* One line each, in the order of the answers: its status, when it was due and when answered (s, CLOCK_MONOTONIC). */
static void write_waits(const char *path) {
  FILE *file = fopen(path, "w");
  if (file == NULL) fail("%s: %s", path, strerror(errno));
  for (long i = 0; i < wait_count; i++)
    fprintf(file, "%s %.6f %.6f\n", waits[i].status, waits[i].since, waits[i].until);
  if (fclose(file)) fail("%s: %s", path, strerror(errno));
}
