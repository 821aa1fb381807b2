/* SPDX-License-Identifier: MIT */
/*
 * again.c - start the machine once more, in one of the ways Linux knows
 *
 *	again load KERNEL INITRD ARGS	what kexec is to start
 *	again load-crash ...		and a crash
 *	again kexec
 *	again reboot
 *	again rebooted			whether the last of these has been done
 *
 * A byte of CMOS memory that nobody uses outlives a reboot.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/io.h>
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

#define CMOS_INDEX	0x70
#define CMOS_DATA	0x71
#define UNUSED_BYTE	0x7f
#define MARK		0xd5

static bool marked(void)
{
	outb(UNUSED_BYTE, CMOS_INDEX);
	return inb(CMOS_DATA) == MARK;
}

static void mark(unsigned char value)
{
	outb(UNUSED_BYTE, CMOS_INDEX);
	outb(value, CMOS_DATA);
}

static int end(int how)
{
	syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, NULL);
	perror("reboot");
	return 1;
}

static int reboot_marked(void)
{
	mark(MARK);
	if (marked())
		return end(LINUX_REBOOT_CMD_RESTART);
	fprintf(stderr, "CMOS memory keeps nothing\n");
	return 1;
}

/* 0: yes. Once only. */
static int rebooted(void)
{
	bool yes = marked();

	mark(0);
	return !yes;
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
	if (iopl(3)) {
		perror("iopl");
		return 1;
	}
	if (!strcmp(what, "reboot"))
		return reboot_marked();
	if (!strcmp(what, "rebooted"))
		return rebooted();
	fprintf(stderr, "usage: again load|load-crash KERNEL INITRD ARGS | kexec | reboot | rebooted\n");
	return 2;
}
