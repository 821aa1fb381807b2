/* SPDX-License-Identifier: MIT */
/*
 * files.c - reach a file that the policy does not give
 *
 * The policy gives WORK to read, write and create in, READ_ONLY to read; SECRET is
 * beside them.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "escape.h"

#define FILE_NAME	SECRET "/file"

static int reads(const char *path)
{
	return reads_secret(open(path, O_RDONLY));
}

static int absolute(void)
{
	return reads(FILE_NAME);
}

static int dot_dot(void)
{
	return reads(WORK "/../secret/file");
}

static int many_dot_dots(void)
{
	return reads(WORK "/dir/../../../../tmp/./secret//file");
}

static int by_symlink(void)
{
	unlink(WORK "/s1");
	if (symlink(FILE_NAME, WORK "/s1"))
		return errno;
	return reads(WORK "/s1");
}

static int by_relative_symlink(void)
{
	unlink(WORK "/s2");
	if (symlink("../secret", WORK "/s2"))
		return errno;
	return reads(WORK "/s2/file");
}

static int by_chain(void)
{
	unlink(WORK "/s3"), unlink(WORK "/s4");
	if (symlink("s4/file", WORK "/s3") || symlink("/proc/self/root/tmp/secret", WORK "/s4"))
		return errno;
	return reads(WORK "/s3");
}

static int by_root_link(void)
{
	return reads("/proc/self/root" FILE_NAME);
}

static int by_cwd_link(void)
{
	if (chdir(WORK))
		return errno;
	return reads("/proc/self/cwd/../secret/file");
}

static int by_directory(void)
{
	return reads_secret(openat(open(WORK, O_RDONLY | O_DIRECTORY), "../secret/file", O_RDONLY));
}

static int by_path_descriptor(void)
{
	char name[64];
	int fd = open(FILE_NAME, O_PATH);

	if (fd < 0)
		return errno;
	sprintf(name, "/proc/self/fd/%d", fd);
	return reads(name);
}

static int by_upper_directory(void)
{
	int fd = open("/tmp", O_PATH | O_DIRECTORY);

	return fd < 0 ? errno : reads_secret(openat(fd, "secret/file", O_RDONLY));
}

static int by_chdir(void)
{
	return chdir(SECRET) ? errno : reads("file");
}

static int by_fchdir(void)
{
	int fd = open(SECRET, O_PATH);

	return fd < 0 || fchdir(fd) ? errno : reads("file");
}

static int by_chroot(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(chroot(SECRET) ? errno : reads("/file"));
	return answer_of(pid);
}

static int by_hard_link(void)
{
	unlink(WORK "/hard");
	if (link(FILE_NAME, WORK "/hard"))
		return errno;
	return reads(WORK "/hard");
}

static int by_linkat(void)
{
	char name[64];
	int fd;

	unlink(WORK "/hard2");
	fd = open(FILE_NAME, O_PATH);
	sprintf(name, "/proc/self/fd/%d", fd);
	if (fd < 0 || linkat(AT_FDCWD, name, AT_FDCWD, WORK "/hard2", AT_SYMLINK_FOLLOW))
		return errno;
	return reads(WORK "/hard2");
}

static int by_rename(void)
{
	int e;

	if (rename(SECRET, WORK "/moved"))
		return errno;
	e = reads(WORK "/moved/file");
	rename(WORK "/moved", SECRET);
	return e;
}

static int by_moving_work(void)
{
	int e;

	if (rename(WORK, "/tmp/work2"))
		return errno;
	e = FAILED(rename(SECRET, WORK));
	if (!e) {
		e = reads(WORK "/file");
		rename(WORK, SECRET);
	}
	rename("/tmp/work2", WORK);
	return e;
}

static int by_bind_mount(void)
{
	int e;

	mkdir(WORK "/mount", 0755);
	if (mount(SECRET, WORK "/mount", NULL, MS_BIND, NULL))
		return errno;
	e = reads(WORK "/mount/file");
	umount2(WORK "/mount", MNT_DETACH);
	return e;
}

/* Not all file systems have handles: devtmpfs has. */
static int by_handle(void)
{
	struct {
		struct file_handle h;
		char space[128];
	} handle = { .h.handle_bytes = 128 };
	int id, dir;

	if (name_to_handle_at(AT_FDCWD, "/dev/zero", &handle.h, &id, 0))
		return errno;
	dir = open("/dev", O_RDONLY | O_DIRECTORY);
	return FAILED(open_by_handle_at(dir, &handle.h, O_RDONLY));
}

static int by_openat2(void)
{
	uint64_t how[3] = { O_RDONLY, 0, 0 };

	return reads_secret(syscall(SYS_openat2, AT_FDCWD, FILE_NAME, how, sizeof(how)));
}

static int by_creat(void)
{
	int e = FAILED(open(SECRET "/new", O_WRONLY | O_CREAT, 0644));

	unlink(SECRET "/new");
	return e;
}

static int by_dangling_link(void)
{
	int e;

	unlink(WORK "/s5");
	if (symlink(SECRET "/dangling", WORK "/s5"))
		return errno;
	e = FAILED(open(WORK "/s5", O_WRONLY | O_CREAT, 0644));
	unlink(SECRET "/dangling");
	return e;
}

static int write_it(void)
{
	return open(FILE_NAME, O_WRONLY) < 0 ? errno : 0;
}

static int change_mode(void)
{
	return FAILED(chmod(FILE_NAME, 0644));
}

static int change_owner(void)
{
	return FAILED(lchown(FILE_NAME, 0, 0));
}

static int change_length(void)
{
	return FAILED(truncate(FILE_NAME, 7));
}

static int change_times(void)
{
	return FAILED(utimensat(AT_FDCWD, FILE_NAME, NULL, 0));
}

static int look_at_it(void)
{
	struct stat st;

	return FAILED(stat(FILE_NAME, &st));
}

static int list_it(void)
{
	return open(SECRET, O_RDONLY | O_DIRECTORY) < 0 ? errno : 0;
}

static int make_directory(void)
{
	int e = FAILED(mkdir(SECRET "/d", 0755));

	rmdir(SECRET "/d");
	return e;
}

static int remove_it(void)
{
	int e;

	close(open(SECRET "/victim", O_CREAT | O_WRONLY, 0644));
	e = FAILED(unlink(SECRET "/victim"));
	return e;
}

static int watch_it(void)
{
	int fd = syscall(SYS_inotify_init1, 0);

	return fd < 0 ? errno : FAILED(syscall(SYS_inotify_add_watch, fd, FILE_NAME, 2));
}

static int execute_it(void)
{
	pid_t pid = fork();

	if (!pid) {
		execl(SECRET "/busybox", "busybox", "true", NULL);
		_exit(errno);
	}
	return answer_of(pid);
}

static int execute_descriptor(void)
{
	int fd = open(SECRET "/busybox", O_PATH);
	pid_t pid = fork();

	if (!pid) {
		syscall(SYS_execveat, fd, "", (char *[]){ "busybox", "true", NULL },
			(char *[]){ NULL }, AT_EMPTY_PATH);
		_exit(errno);
	}
	return answer_of(pid);
}

/* A script whose interpreter is not to be executed. */
static int execute_by_script(void)
{
	static const char script[] = "#!" SECRET "/busybox true\n";
	int fd = open(WORK "/script", O_CREAT | O_WRONLY | O_TRUNC, 0755);
	pid_t pid;

	if (fd < 0 || write(fd, script, sizeof(script) - 1) < 0)
		return errno;
	close(fd);
	pid = fork();
	if (!pid) {
		execl(WORK "/script", "script", NULL);
		_exit(errno);
	}
	return answer_of(pid);
}

static int make_device(void)
{
	int e;

	unlink(WORK "/device");
	e = FAILED(mknod(WORK "/device", S_IFCHR | 0600, 0x501));
	unlink(WORK "/device");
	return e;
}

static int connect_to(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = SECRET "/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), e;

	e = fd < 0 ? errno : FAILED(connect(fd, (void *)&address, sizeof(address)));
	return e == ECONNREFUSED ? 0 : e;	/* nobody listens; but it has been looked at */
}

static int abstract_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "\0escape" };
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	return fd < 0 ? errno : FAILED(bind(fd, (void *)&address, 9));
}

static int device_of_dune(void)
{
	return open("/dev/dune", O_RDWR) < 0 ? errno : 0;
}

const struct attempt file_attempts[] = {
	A(absolute, EACCES), A(dot_dot, EACCES), A(many_dot_dots, EACCES), A(by_symlink, EACCES),
	A(by_relative_symlink, EACCES), A(by_chain, EACCES), A(by_root_link, EACCES),
	A(by_cwd_link, EACCES), A(by_directory, EACCES), A(by_path_descriptor, EACCES),
	A(by_upper_directory, EACCES), A(by_chdir, EACCES), A(by_fchdir, EACCES),
	A(by_chroot, ENOSYS), A(by_hard_link, EACCES), A(by_linkat, EACCES), A(by_rename, EACCES),
	A(by_moving_work, EACCES), A(by_bind_mount, ENOSYS), A(by_handle, ENOSYS),
	A(by_openat2, ENOSYS), A(by_creat, EACCES), A(by_dangling_link, ELOOP),
	A(write_it, EACCES), A(change_mode, EACCES), A(change_owner, EACCES),
	A(change_length, EACCES), A(change_times, EACCES), A(look_at_it, EACCES),
	A(list_it, EACCES), A(make_directory, EACCES), A(remove_it, EACCES), A(watch_it, EACCES),
	A(execute_it, EACCES), A(execute_descriptor, EACCES), A(execute_by_script, EACCES),
	A(make_device, EPERM), A(connect_to, EACCES), A(abstract_socket, EACCES),
	A(device_of_dune, EACCES),
	{ 0 },
};
