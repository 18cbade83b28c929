/* A config file's text, and the same bytes as the store's JSON. What is accepted must be in range and survive being
 * written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "app/settings.h"
#include "engine/base/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct gan_settings *settings)
{
	struct gan_settings back;
	struct error error = {0};
	const struct setting_row *rows[SETTINGS_MAX];
	if (!settings_check(settings, &error))
		abort();
	char *text = settings_to_text(settings);
	if (!settings_from_text(text, &back, &error) || settings_differences(settings, &back, rows))
		abort();
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct gan_settings settings;
	struct settings_origins origins;
	struct error error = {0};
	settings_set_defaults(&settings);
	if (settings_parse_config("config", (const char *)bytes, size, ORIGIN_USER_FILE, &settings, &origins, &error))
		check(&settings);
	else if (strncmp(error.text, "config:", 7) || error.code != ERROR_INPUT)
		abort();
	char *json = memory_zeroed(size + 1, 1);
	memcpy(json, bytes, size);
	settings_set_defaults(&settings);
	if (settings_from_text(json, &settings, &error))
		check(&settings);
	free(json);
	return 0;
}
