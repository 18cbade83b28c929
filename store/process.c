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

struct process_facts {
	char state;    /* 'Z', 'X': dead, but not yet collected by its parent; 0: unknown */
	int64_t start; /* clock ticks after boot; 0: unknown */
};

/* Fields 3 and 22 of /proc/PID/stat. The name in field 2 may hold blanks and parentheses: count from its last ')'. */
static struct process_facts find_process(int64_t pid)
{
	struct process_facts facts = {0};
	char path[48], line[1024];
	snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
	read_line(path, line, sizeof line);
	const char *field = strrchr(line, ')');
	if (field)
		sscanf(field, ") %c", &facts.state);
	for (int number = 2; field && number < 22; number++)
		field = strchr(field + 1, ' ');
	if (field)
		sscanf(field, " %" SCNd64, &facts.start);
	return facts;
}

void process_identify(struct run *run)
{
	if (gethostname(run->host, sizeof run->host) != 0)
		text_copy(run->host, sizeof run->host, "localhost");
	run->host[sizeof run->host - 1] = '\0';
	read_line("/proc/sys/kernel/random/boot_id", run->boot_id, sizeof run->boot_id);
	run->pid = getpid();
	run->process_start = find_process(run->pid).start;
}

bool process_is_alive(const struct run *run, const struct run *self, double now)
{
	if (strcmp(run->host, self->host) != 0 || strcmp(run->boot_id, self->boot_id) != 0)
		return now - run->heartbeat < PROCESS_SILENT_SECONDS;
	if (run->pid <= 0 || (kill((pid_t)run->pid, 0) != 0 && errno != EPERM))
		return false;
	struct process_facts facts = find_process(run->pid);
	if (facts.state == 'Z' || facts.state == 'X')
		return false;
	return facts.start == 0 || run->process_start == 0 || facts.start == run->process_start;
}
