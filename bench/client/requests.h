/* The requests of a run: a file of them, each behind its length (4 bytes, big endian). */
#define MARKS 8
#define DIGITS 7

typedef struct { char *text; int length, marks, at[MARKS]; } Request;

static Request *requests;
static int request_count;

static void find_marks(Request *request) {
  char *from = request->text, *mark;
  while (request->marks < MARKS && (mark = strstr(from, "#######"))) {
    request->at[request->marks++] = mark - request->text;
    from = mark + DIGITS;
  }
}

static void read_requests(const char *path) {
  FILE *file = fopen(path, "rb");
  unsigned char size[4];
  if (file == NULL) fail("%s: %s", path, strerror(errno));
  while (fread(size, 1, 4, file) == 4) {
    if (request_count % 1024 == 0)
      requests = checked(realloc(requests, (request_count + 1024) * sizeof(Request)));
    Request *request = &requests[request_count++];
    *request = (Request){.length = size[0] << 24 | size[1] << 16 | size[2] << 8 | size[3]};
    request->text = checked(malloc(request->length + 1));
    if (fread(request->text, 1, request->length, file) != (size_t)request->length) fail("%s is cut short", path);
    request->text[request->length] = 0;
    find_marks(request);
  }
  if (request_count == 0) fail("%s has no requests", path);
  fclose(file);
}

/* Writes a number that no other request of the run has over each mark. */
static void stamp(Request *request, long number) {
  char digits[DIGITS];
  for (int i = DIGITS; i--; number /= 10) digits[i] = '0' + number % 10;
  for (int i = 0; i < request->marks; i++) memcpy(request->text + request->at[i], digits, DIGITS);
}
