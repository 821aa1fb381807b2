/* SPDX-License-Identifier: MIT */
/*
 * execs.c - execve(), execveat() and fexecve(), and how they fail
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static char *const script_args[] = { "script", "one", "two words", NULL };
static char *const shell_args[] = { "sh", "-c", "echo in $0; exit 9", "the shell", NULL };
static char *const env[] = { "SOME=other", "PATH=/bin:/usr/bin", NULL };

static long execveat_(int dir, const char *path, char *const *args, int flags)
{
	return syscall(SYS_execveat, dir, path, args, env, flags);
}

/* In a child: the call's errno, or what the new program ends with. */
static void try(const char *name, int dir, const char *path, char *const *args, int flags)
{
	int status;

	fflush(stdout);
	if (!fork()) {
		execveat_(dir, path, args, flags);
		printf("%s: errno %d\n", name, errno);
		fflush(stdout);
		_exit(1);
	}
	wait(&status);
	printf("%s: status %x\n", name, status);
}

static int copy_to_memfd(const char *path, unsigned int flags)
{
	int from = open(path, O_RDONLY), fd = memfd_create("program", flags);
	struct stat st;

	fstat(from, &st);
	sendfile(fd, from, NULL, st.st_size);
	close(from);
	return fd;
}

static void write_script(const char *path)
{
	static const char text[] = "#!/bin/sh\necho script $# $2 $SOME\nexit 5\n";
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0755);

	(void)!write(fd, text, sizeof(text) - 1);
	close(fd);
}

int main(void)
{
	char dir_path[] = "/tmp/execs.XXXXXX", path[100];
	int dir, open_fd, cloexec, script, script_cloexec, i;
	int memfd = copy_to_memfd("/bin/sh", MFD_CLOEXEC);

	if (!mkdtemp(dir_path))
		return 1;
	dir = open(dir_path, O_RDONLY | O_DIRECTORY);
	snprintf(path, sizeof(path), "%s/script", dir_path);
	write_script(path);
	(void)!symlinkat("script", dir, "link");
	close(openat(dir, "text", O_CREAT | O_WRONLY, 0644));

	cloexec = open("/bin/sh", O_PATH | O_CLOEXEC);
	open_fd = open("/bin/sh", O_RDONLY);
	script = open(path, O_RDONLY);
	script_cloexec = open(path, O_RDONLY | O_CLOEXEC);

	try("by path", AT_FDCWD, "/bin/sh", shell_args, 0);
	try("by directory", dir, "script", script_args, 0);
	try("through a link", dir, "link", script_args, 0);
	try("not through a link", dir, "link", script_args, AT_SYMLINK_NOFOLLOW);
	try("not a link", dir, "script", script_args, AT_SYMLINK_NOFOLLOW);
	try("absolute", dir, path, script_args, 0);
	try("by descriptor", open_fd, "", shell_args, AT_EMPTY_PATH);
	try("by one that closes", cloexec, "", shell_args, AT_EMPTY_PATH);
	try("memfd", memfd, "", shell_args, AT_EMPTY_PATH);
	try("script", script, "", script_args, AT_EMPTY_PATH);
	try("script that closes", script_cloexec, "", script_args, AT_EMPTY_PATH);
	try("no flag", open_fd, "", shell_args, 0);
	try("bad flag", open_fd, "", shell_args, 0x4000);
	try("bad descriptor", 77, "", shell_args, AT_EMPTY_PATH);
	try("bad directory", 77, "script", shell_args, 0);
	try("directory", dir, "", shell_args, AT_EMPTY_PATH);
	try("not a directory", open_fd, "x", shell_args, 0);
	try("not there", dir, "nothing", shell_args, 0);
	try("not executable", dir, "text", shell_args, 0);
	try("bad path", dir, (char *)8, shell_args, 0);
	try("bad arguments", dir, "script", (char *const *)8, 0);

	if (fchdir(dir))
		return 1;
	try("in this directory", AT_FDCWD, "script", script_args, 0);
	try("not in this directory", AT_FDCWD, "busybox", script_args, 0);
	try("no name", AT_FDCWD, "", script_args, 0);

	fflush(stdout);
	if (!fork()) {
		fexecve(memfd, shell_args, env);
		_exit(1);
	}
	wait(&i);
	printf("fexecve: %x\n", i);
	/* What this leaves open: as many descriptors as before. */
	fflush(stdout);
	for (i = 0; fcntl(i, F_GETFD) >= 0; i++)
		;
	printf("first free descriptor: %d\n", i);
	unlinkat(dir, "script", 0);
	unlinkat(dir, "link", 0);
	unlinkat(dir, "text", 0);
	rmdir(dir_path);
	return 0;
}
