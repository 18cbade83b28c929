/* Which runs: the language of the list's filter, of `qgan runs list --filter` and of saved views.
 *
 *	bits.g<=2 fid<60 tag:paper -status:crashed        terms side by side must all hold
 *	(data:cifar10 or data:celeba) and not verdict=failed
 *	age<3d step>=10k name~^fmnist d-learning-rate>1e-4
 *	fashion                                           a bare word: somewhere in name, tags, data or note
 *
 *	expression = all {"or" all}      all = one {["and"] one}      one = ("not" | "-") one | "(" expression ")" | term
 *	term = word | field operator value      operator = : = != < <= > >= ~
 *
 * A field is one of app/run_fields.h or a setting ("batch", "latent"; "cfg.steps" where both have the name). On texts ":"
 * means contains and "=" equals, both without regard to case; on tags both mean has that tag; "~" is an extended regular
 * expression. After ":" several values may stand, commas between them: any will do. "none" is what is not known or not
 * there. Numbers take k, M, G; durations s, m, h, d, w; dates are 2026-11-26 or 2026-11-26T10:30; bits may be float. Values
 * with blanks stand in double quotes. What is not known matches no comparison but "!=". Any thread. */
#ifndef QGAN_APP_RUN_FILTER_H
#define QGAN_APP_RUN_FILTER_H

#include "store/store.h"

struct run_filter;

/* NULL and ERROR_INPUT for a mistake: "filter, character 9: expected a number after <=, such as 5, 10k or 1.5M". An empty
 * text is a filter that every run matches. */
struct run_filter *run_filter_create(const char *text, struct error *error);
void run_filter_destroy(struct run_filter *filter); /* NULL is fine */

/* Settings need run->config_json, else they are not known. now: unix seconds. A NULL filter matches. */
bool run_filter_matches(const struct run_filter *filter, const struct run *run, double now);

/* Names a field of that kind asks for by itself: `archived` and `trashed` are hidden unless a filter speaks of them. */
bool run_filter_mentions(const struct run_filter *filter, const char *field);

#endif
