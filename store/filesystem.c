#include "store/filesystem.h"

#include <stddef.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>

/* f_type of statfs(2). Values not in <linux/magic.h> are from the file systems' own sources. */
static const struct {
	unsigned type;
	const char *name;
} network_types[] = {
	{.type = 0x6969, .name = "NFS"},
	{.type = 0x517b, .name = "SMB"},
	{.type = 0xff534d42, .name = "CIFS"},
	{.type = 0xfe534d42, .name = "SMB2"},
	{.type = 0x5346414f, .name = "AFS"},
	{.type = 0x6b414653, .name = "AFS"},
	{.type = 0x73757245, .name = "Coda"},
	{.type = 0x564c, .name = "NCP"},
	{.type = 0x01021997, .name = "9P"},
	{.type = 0x00c36400, .name = "Ceph"},
	{.type = 0x0bd00bd0, .name = "Lustre"},
	{.type = 0x47504653, .name = "GPFS"},
	{.type = 0x19830326, .name = "BeeGFS"},
	{.type = 0x65735546, .name = "FUSE"}, /* sshfs and the like; local ones are rare, and only lose some speed */
};

bool filesystem_is_read_only(const char *path)
{
	struct statvfs facts;
	return statvfs(path, &facts) == 0 && facts.f_flag & ST_RDONLY;
}

const char *filesystem_network_name(const char *path)
{
	struct statfs facts;
	if (statfs(path, &facts) != 0)
		return NULL;
	for (size_t i = 0; i < sizeof network_types / sizeof *network_types; i++)
		if (network_types[i].type == (unsigned)facts.f_type)
			return network_types[i].name;
	return NULL;
}
