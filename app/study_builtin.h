/* Studies that come with the program: the paper's tables and figures, as texts of app/study_spec.h. Any thread. */
#ifndef QGAN_APP_STUDY_BUILTIN_H
#define QGAN_APP_STUDY_BUILTIN_H

struct study_builtin {
	const char *name; /* "paper/table2" */
	const char *help; /* one line */
	const char *text;
};
extern const struct study_builtin study_builtins[];             /* ends with name NULL */
const struct study_builtin *study_builtin_find(const char *name); /* NULL: there is none of that name */

#endif
