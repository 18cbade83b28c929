#include "ui/screen.h"

void picture_place(struct picture_request *request, const struct canvas *inside, const struct image *image,
	unsigned version, int64_t run)
{
	*request = (struct picture_request){image, version, run, inside->clip};
}
