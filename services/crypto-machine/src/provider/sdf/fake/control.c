#include "control.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Walk the lines; a test writes the file whole and renames it into place, so half a file is never seen. */
static FILE *open_control(void) {
  const char *path = getenv("FAKE_SDF_CONTROL");
  return path ? fopen(path, "r") : NULL;
}

int control_has(const char *line) {
  char text[128];
  int found = 0;
  FILE *f = open_control();
  while (f && !found && fgets(text, sizeof text, f)) {
    text[strcspn(text, "\r\n")] = 0;
    found = strcmp(text, line) == 0;
  }
  if (f) fclose(f);
  return found;
}

long control_number(const char *name, long otherwise) {
  char text[128], word[64];
  long value;
  FILE *f = open_control();
  while (f && fgets(text, sizeof text, f))
    if (sscanf(text, "%63s %ld", word, &value) == 2 && strcmp(word, name) == 0) otherwise = value;
  if (f) fclose(f);
  return otherwise;
}

static void log_call(const char *function) {
  const char *path = getenv("FAKE_SDF_LOG");
  FILE *f = path ? fopen(path, "a") : NULL;
  if (!f) return;
  fprintf(f, "%s\n", function);
  fclose(f);
}

uint32_t control_before(const char *function) {
  char text[128], verb[32], which[64], value[32];
  uint32_t code = 0;
  long wait_ms = 0;
  log_call(function);
  FILE *f = open_control();
  while (f && fgets(text, sizeof text, f)) {
    int words = sscanf(text, "%31s %63s %31s", verb, which, value);
    int mine = words >= 2 && (strcmp(which, function) == 0 || strcmp(which, "*") == 0);
    if (words >= 1 && strcmp(verb, "vanished") == 0) code = 0x01000003u;
    if (mine && words == 3 && strcmp(verb, "fail") == 0) code = (uint32_t)strtoul(value, NULL, 16);
    if (mine && words == 3 && strcmp(verb, "delay") == 0) wait_ms = strtol(value, NULL, 10);
    if (mine && strcmp(verb, "crash") == 0) abort();
    if (mine && strcmp(verb, "hang") == 0) for (;;) pause();
  }
  if (f) fclose(f);
  if (wait_ms > 0) usleep((useconds_t)wait_ms * 1000);
  return code;
}
