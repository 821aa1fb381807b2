/* SPDX-License-Identifier: MIT */
/*
 * ready.c - policies that need not be written; $1 is their argument
 */
#include <string.h>

#include "parse.h"

/* What a dynamic linker and a C library look at. */
#define LIBRARIES \
	"read /lib /lib64 /usr/lib /usr/lib64 /usr/local/lib\n" \
	"read /etc/ld.so.cache /etc/ld.so.preload /usr/share/locale /usr/lib/locale\n"

static const struct {
	const char	*name;
	bool		argument;
	const char	*text;
} ready[] = {
	{ "none", false,
	  "allow @basic @io @files @memory @process @signal @time @net\n"
	  "read+write+create+exec /\n"
	  "connect any\n"
	  "bind any\n"
	  "accept any\n"
	  "second-line off\n" },
	{ "pure", false,
	  "allow @basic @memory @time\n"
	  "allow read readv pread64 close fstat lseek fadvise64 getdents64\n"
	  "allow write writev if arg0 is stdout|stderr\n"
	  "errno ENOTTY ioctl\n"
	  "allow fcntl if arg1 == F_GETFD\n"
	  "allow fcntl if arg1 == F_GETFL\n"
	  "allow open openat stat lstat newfstatat statx access faccessat faccessat2\n"
	  "allow readlink readlinkat getcwd\n"
	  LIBRARIES },
	{ "read-only", true,
	  "allow @basic @io @files @memory @process @signal @time\n"
	  LIBRARIES
	  "read+exec $1\n" },
	{ "workdir", true,
	  "allow @basic @io @files @memory @process @signal @time\n"
	  LIBRARIES
	  "read+exec /bin /sbin /usr/bin /usr/sbin /usr/local/bin /usr/share\n"
	  "read+write /dev/null /dev/zero /dev/full\n"
	  "read /dev/urandom /dev/random\n"
	  "read+write+create+exec $1\n" },
	{ "network", true,
	  "use pure\n"
	  "allow @net @io\n"
	  "read /etc/hosts /etc/resolv.conf /etc/nsswitch.conf /etc/host.conf /etc/gai.conf\n"
	  "read /etc/services /etc/protocols\n"
	  "connect $1\n" },
};

const char *ready_policy(const char *name, bool *argument)
{
	unsigned int i;

	for (i = 0; i < sizeof(ready) / sizeof(ready[0]); i++) {
		if (strcmp(ready[i].name, name))
			continue;
		*argument = ready[i].argument;
		return ready[i].text;
	}
	return NULL;
}
