/* The load generator: one thread, keep-alive connections with at most one request under way on each.
 *
 *   client HOST PORT REQUESTS CONNECTIONS SECONDS RATE SKIP PATIENCE [WAITS]
 *
 * REQUESTS  a file of requests, each behind its length (4 bytes, big endian); they are sent in turn. A run of seven
 *           '#' in one of them becomes a number that no other request of the run has.
 * RATE      0: as fast as the other side answers, for SECONDS. Otherwise so many a second on a fixed timetable: a
 *           wait is counted from the moment the request was due, so a server that stalls is charged for all that it
 *           kept from being sent.
 * SKIP      warm-up: the first SKIP seconds count neither in the rate (answers in them) nor in the waits (requests
 *           due in them)
 * PATIENCE  seconds after the end; what has no answer then is broken, and has waited until then
 * WAITS     a file for every single wait (`waits.h`)
 *
 * Prints one line of JSON: `requests` answered in all, of which `refused` with 400 and above; `counted` answers below
 * 400 in the `seconds` after the warm-up; waits; the client's own processor time. Linux only (epoll). Ends with 2 and
 * a line on stderr if it cannot go on.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "basics.h"
#include "requests.h"
#include "waits.h"

#define HEAD 8192
#define CHUNKED -1
#define LAST_CHUNK "0\r\n\r\n"
#define LAST 5

typedef struct { int fd, busy, head_length; long left; double since; char head[HEAD], tail[LAST]; } Line;

static Line *lines;
static int *idle, line_count, idle_first, idle_count; /* a ring: the connection that has rested longest is next */
static struct sockaddr_in address;
static int poller;
static double start, end, last, rate, skip;
static long sent, total, answered, counted, refused, broken;

static void rest(int number) {
  idle[(idle_first + idle_count++) % line_count] = number;
}

static void dial(int number) {
  Line *line = &lines[number];
  int yes = 1;
  line->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (line->fd < 0 || connect(line->fd, (struct sockaddr *)&address, sizeof address)) fail("connect: %s", strerror(errno));
  setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  fcntl(line->fd, F_SETFL, O_NONBLOCK);
  struct epoll_event wanted = {.events = EPOLLIN, .data.u32 = number};
  if (epoll_ctl(poller, EPOLL_CTL_ADD, line->fd, &wanted)) fail("epoll_ctl: %s", strerror(errno));
  line->busy = line->head_length = 0;
  line->left = 0;
  rest(number);
}

static void lose(int number) {
  Line *line = &lines[number];
  close(line->fd);
  if (!line->busy) { /* told to go while it rested: a new one takes its place in the ring */
    for (int i = 0; i < idle_count; i++)
      if (idle[(idle_first + i) % line_count] == number) {
        idle[(idle_first + i) % line_count] = idle[idle_first];
        idle_first = (idle_first + 1) % line_count;
        idle_count--;
        break;
      }
  } else {
    broken++;
  }
  dial(number);
}

static double due(long number) {
  return start + number / rate;
}

static void send_one(double since) {
  int number = idle[idle_first];
  Line *line = &lines[number];
  Request *request = &requests[sent % request_count];
  idle_first = (idle_first + 1) % line_count;
  idle_count--;
  stamp(request, 1000000 + sent++);
  line->busy = 1;
  line->since = since;
  if (write(line->fd, request->text, request->length) != request->length) lose(number);
}

static void send_all_due(void) {
  double moment = now();
  if (rate == 0) {
    while (idle_count && moment < end) send_one(moment);
  } else {
    while (idle_count && sent < total && due(sent) <= moment) send_one(due(sent));
  }
}

/* The length of the body that follows this head, or CHUNKED. */
static long body_length(const char *head) {
  for (const char *line = head; (line = strchr(line, '\n')); line++) {
    if (strncasecmp(line + 1, "content-length:", 15) == 0) return atol(line + 16);
    if (strncasecmp(line + 1, "transfer-encoding:", 18) == 0) return CHUNKED;
  }
  return 0;
}

static void finish(int number) {
  Line *line = &lines[number];
  answered++;
  last = now();
  if (line->head[9] >= '4') refused++;
  else if (last >= start + skip) counted++;
  keep_wait(line->since, last, line->head + 9);
  line->busy = line->head_length = 0;
  line->left = 0;
  rest(number);
}

/* Whether the last chunk is here: what this client asks for has no such bytes within. */
static int chunks_end(Line *line, const char *data, long length) {
  long more = length < LAST ? length : LAST;
  memmove(line->tail, line->tail + more, LAST - more);
  memcpy(line->tail + LAST - more, data + length - more, more);
  return memcmp(line->tail, LAST_CHUNK, LAST) == 0;
}

static void take(int number, const char *data, long length) {
  Line *line = &lines[number];
  if (line->left == 0) {
    int part = length < HEAD - 1 - line->head_length ? length : HEAD - 1 - line->head_length, before = line->head_length;
    memcpy(line->head + before, data, part);
    line->head[line->head_length += part] = 0;
    char *blank = strstr(line->head, "\r\n\r\n");
    if (blank == NULL) {
      if (line->head_length == HEAD - 1) fail("the head of an answer is too long");
      return;
    }
    long rest = length - (blank + 4 - line->head - before);
    line->left = body_length(line->head);
    memset(line->tail, 0, LAST);
    data += length - rest;
    length = rest;
  }
  if (line->left == CHUNKED) line->left = chunks_end(line, data, length) ? 0 : CHUNKED;
  else if ((line->left -= length) < 0) fail("more than one answer: %.60s", line->head);
  if (line->left == 0) finish(number);
}

static void read_from(int number) {
  static char data[65536];
  long length = read(lines[number].fd, data, sizeof data);
  if (length > 0 && lines[number].busy) take(number, data, length);
  else if (length >= 0 || errno != EAGAIN) lose(number);
}

static int pause_for(double seconds, struct epoll_event *events, int most) {
  if (seconds < 0) seconds = 0;
#ifdef SYS_epoll_pwait2
  static int missing;
  struct timespec t = {.tv_sec = (time_t)seconds, .tv_nsec = (long)((seconds - (time_t)seconds) * 1e9)};
  if (!missing) {
    int found = syscall(SYS_epoll_pwait2, poller, events, most, &t, NULL, 8);
    if (found >= 0 || errno != ENOSYS) return found;
    missing = 1;
  }
#endif
  return epoll_wait(poller, events, most, (int)(seconds * 1e3 + 0.999));
}

static void run(double patience) {
  struct epoll_event events[512];
  for (;;) {
    send_all_due();
    double moment = now(), until = end;
    int all_sent = rate == 0 ? moment >= end : sent == total;
    if (all_sent && idle_count == line_count) return;
    if (moment >= end + patience) return;
    if (all_sent || moment >= end) until = end + patience;
    else if (rate > 0 && idle_count) until = due(sent);
    int found = pause_for(until - moment, events, 512);
    for (int i = 0; i < found; i++) read_from(events[i].data.u32);
  }
}

/* What has no answer when patience ends has waited until then. */
static void give_up(double moment) {
  for (int number = 0; number < line_count; number++)
    if (lines[number].busy) {
      broken++;
      keep_wait(lines[number].since, moment, "000");
    }
  for (; rate > 0 && sent < total; sent++) {
    broken++;
    keep_wait(due(sent), moment, "000");
  }
}

static double processor_seconds(void) {
  struct rusage used;
  getrusage(RUSAGE_SELF, &used);
  return used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6;
}

int main(int count, char **words) {
  if (count < 9) fail("usage: client HOST PORT REQUESTS CONNECTIONS SECONDS RATE SKIP PATIENCE [WAITS]");
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(atoi(words[2]))};
  if (inet_pton(AF_INET, words[1], &address.sin_addr) != 1) fail("%s is not an IPv4 address", words[1]);
  read_requests(words[3]);
  line_count = atoi(words[4]);
  double seconds = atof(words[5]);
  rate = atof(words[6]);
  skip = atof(words[7]);
  total = rate * seconds + 0.5;
  lines = checked(calloc(line_count, sizeof(Line)));
  idle = checked(calloc(line_count, sizeof(int)));
  prctl(PR_SET_TIMERSLACK, 1000, 0, 0, 0);
  poller = epoll_create1(0);
  for (int number = 0; number < line_count; number++) dial(number);
  double used = processor_seconds();
  start = now();
  end = start + seconds;
  run(atof(words[8]));
  used = processor_seconds() - used;
  give_up(now());
  long waited;
  double *sorted = sorted_waits(start + skip, &waited);
  double window = counted ? last - start - skip : seconds;
  printf("{\"requests\": %ld, \"refused\": %ld, \"broken\": %ld, \"counted\": %ld, \"seconds\": %.6f, ", answered,
         refused, broken, counted, window);
  printf("\"p50_ms\": %.4f, \"p99_ms\": %.4f, \"p999_ms\": %.4f, \"processor_seconds\": %.6f}\n",
         at(sorted, waited, 0.50), at(sorted, waited, 0.99), at(sorted, waited, 0.999), used);
  if (count > 9) write_waits(words[9]);
  return 0;
}
