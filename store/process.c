#include "store/process.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/text.h"

static void read_line(const char *path, char *line, size_t size)
{
	line[0] = '\0';
	FILE *file = fopen(path, "re");
	if (!file)
		return;
	if (!fgets(line, (int)size, file))
		line[0] = '\0';
	fclose(file);
	line[strcspn(line, "\n")] = '\0';
}

/* Field 22 of /proc/PID/stat. The name in field 2 may hold blanks and parentheses: count from its last ')'. 0: unknown. */
static int64_t find_process_start(int64_t pid)
{
	char path[48], line[1024];
	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	read_line(path, line, sizeof line);
	const char *field = strrchr(line, ')');
	for (int number = 2; field && number < 22; number++)
		field = strchr(field + 1, ' ');
	int64_t ticks;
	return field && sscanf(field, " %" SCNd64, &ticks) == 1 ? ticks : 0;
}

void process_identify(struct run *run)
{
	if (gethostname(run->host, sizeof run->host) != 0)
		text_copy(run->host, sizeof run->host, "localhost");
	run->host[sizeof run->host - 1] = '\0';
	read_line("/proc/sys/kernel/random/boot_id", run->boot_id, sizeof run->boot_id);
	run->pid = getpid();
	run->process_start = find_process_start(run->pid);
}

bool process_is_alive(const struct run *run, const struct run *self, double now)
{
	if (strcmp(run->host, self->host) != 0 || strcmp(run->boot_id, self->boot_id) != 0)
		return now - run->heartbeat < PROCESS_SILENT_SECONDS;
	if (run->pid <= 0 || (kill((pid_t)run->pid, 0) != 0 && errno != EPERM))
		return false;
	int64_t start = find_process_start(run->pid);
	return start == 0 || run->process_start == 0 || start == run->process_start;
}
