/* SPDX-License-Identifier: MIT */
/*
 * again.c - start the machine once more, in one of the ways Linux knows
 *
 *	again load KERNEL INITRD ARGS	what kexec is to start
 *	again load-crash ...		and a crash
 *	again kexec|reboot
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(char **files, unsigned long flags)
{
	int kernel = open(files[0], O_RDONLY), initrd = open(files[1], O_RDONLY);

	if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(files[2]) + 1, files[2], flags)) {
		fprintf(stderr, "kexec_file_load: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}

static int end(int how)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, NULL);
	perror("reboot");
	return 1;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "load") && argc == 5)
		return load(argv + 2, 0);
	if (!strcmp(what, "load-crash") && argc == 5)
		return load(argv + 2, KEXEC_FILE_ON_CRASH);
	if (!strcmp(what, "kexec"))
		return end(LINUX_REBOOT_CMD_KEXEC);
	if (!strcmp(what, "reboot"))
		return end(LINUX_REBOOT_CMD_RESTART);
	fprintf(stderr, "usage: again load|load-crash KERNEL INITRD ARGS | kexec | reboot\n");
	return 2;
}
