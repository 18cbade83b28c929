/* Data sets whose pictures are files, one each: kept in memory where they fit, else decoded whenever they are asked for. */
#ifndef QGAN_ENGINE_DATA_DATASET_PICTURES_H
#define QGAN_ENGINE_DATA_DATASET_PICTURES_H

#include "engine/data/dataset_parts.h"
#include "engine/data/picture_folder.h"

struct picture_rule {
	int crop;          /* side of the middle square that is used; 0: the largest */
	int width, height; /* that every file must have; 0: any */
};

/* Takes what the folder holds, also on failure. With a limit the pictures are taken evenly, so that every class keeps its
 * share. labelled: the folder's classes are the labels. Every file is looked at, in memory or not: one that is no picture
 * is an error here; one that is damaged after its header is noticed here only when all are decoded at once. */
bool dataset_take_pictures(struct dataset *dataset, const struct dataset_options *options, struct picture_folder *folder,
                           const struct picture_rule *rule, bool labelled, struct error *error);

#endif
