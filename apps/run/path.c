/* SPDX-License-Identifier: MIT */
/*
 * path.c - find the program, and the interpreter of a script
 */
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "run.h"

#define X_OK		1
#define MAX_ARGS	4096

static bool executable(const char *path)
{
	return !sys(__NR_faccessat, AT_FDCWD, path, X_OK);
}

static char *parse_line(char *line, char **argument);

/*
 * What execve() would say of the file, and of a script's interpreter: 0, -ENOENT,
 * -EACCES, -ENOEXEC, -ELOOP.
 */
static int check_file(const char *path, int depth)
{
	char line[256] = "", *interp, *argument;
	struct statx st;
	long fd, n;

	n = sys(__NR_faccessat, AT_FDCWD, path, X_OK);
	if (n)
		return n;
	n = sys(__NR_statx, AT_FDCWD, path, 0, STATX_TYPE, &st);
	if (n)
		return n;
	if ((st.stx_mode & 0170000) != 0100000)		/* a regular file */
		return -EACCES;
	fd = sys(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (sys_failed(fd))
		return fd;
	n = sys(__NR_read, fd, line, sizeof(line) - 1);
	sys(__NR_close, fd);
	if (sys_failed(n))
		return n == -EISDIR ? -EACCES : n;
	if (n >= 4 && starts_with(line, "\177ELF"))
		return 0;
	if (n < 2 || !starts_with(line, "#!"))
		return -ENOEXEC;
	for (n = 0; line[n] && line[n] != '\n'; n++)
		;
	line[n] = 0;
	interp = parse_line(line, &argument);
	if (!interp)
		return -ENOEXEC;
	return depth == 5 ? -ELOOP : check_file(interp, depth + 1);
}

int check_executable(const char *path)
{
	return check_file(path, 0);
}

static const char *get_env(char **envp, const char *name)
{
	for (; *envp; envp++)
		if (starts_with(*envp, name) && (*envp)[length(name)] == '=')
			return *envp + length(name) + 1;
	return NULL;
}

/* As a shell: by PATH, unless the name has a slash. NULL: not found. */
const char *find_program(const char *name, char **envp)
{
	static char path[4096];
	const char *dirs = get_env(envp, "PATH"), *p;

	for (p = name; *p; p++)
		if (*p == '/')
			return name;
	if (!dirs)
		dirs = "/bin:/usr/bin";
	while (*name) {
		size_t n = 0, len = length(name);

		while (dirs[n] && dirs[n] != ':')
			n++;
		if (n + len + 2 <= sizeof(path)) {
			__builtin_memcpy(path, dirs, n);
			if (!n)
				path[n++] = '.';
			path[n] = '/';
			__builtin_memcpy(path + n + 1, name, len + 1);
			if (executable(path))
				return path;
		}
		while (*dirs && *dirs != ':')
			dirs++;
		if (!*dirs)
			break;
		dirs++;
	}
	return NULL;
}

static char *skip_blanks(char *s)
{
	while (*s == ' ' || *s == '\t')
		s++;
	return s;
}

/* "#! interpreter [argument]": its two words, cut out of @line. */
static char *parse_line(char *line, char **argument)
{
	char *name = skip_blanks(line + 2), *p = name, *end;

	while (*p && *p != ' ' && *p != '\t')
		p++;
	*argument = NULL;
	if (*p) {
		*p = 0;
		*argument = skip_blanks(p + 1);
		for (end = *argument + length(*argument); end > *argument; end--)
			if (end[-1] != ' ' && end[-1] != '\t')
				break;
		*end = 0;
		if (!**argument)
			*argument = NULL;
	}
	return *name ? name : NULL;
}

/* Its first line, if @path is a script; 0 if not. */
static long script_line(const char *path, char *line, size_t size)
{
	long fd = sys(__NR_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0), n, i;

	if (sys_failed(fd))
		return fd;
	n = sys(__NR_read, fd, line, size - 1);
	sys(__NR_close, fd);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return sys_failed(n) ? n : 0;
	for (i = 0; i < n && line[i] != '\n'; i++)
		;
	line[i] = 0;
	return 1;
}

bool is_script(const char *path)
{
	char line[256];

	return script_line(path, line, sizeof(line)) > 0;
}

/*
 * The kernel's way with scripts: the interpreter runs, with the script's path
 * where argv[0] was. Interpreters may be scripts too, four deep. *@path becomes
 * what is to be loaded.
 */
char **script_arguments(char **argv, const char **path, int *error)
{
	static char lines[5][256];
	static char *args[2][MAX_ARGS];
	int depth;

	*error = 0;
	for (depth = 0; depth < 5; depth++) {
		char **to = args[depth & 1], *interp, *argument;
		long r = script_line(*path, lines[depth], sizeof(lines[0]));
		int n = 0, i;

		if (r <= 0) {
			*error = r;
			return argv;
		}
		interp = parse_line(lines[depth], &argument);
		if (!interp)
			break;
		to[n++] = interp;
		if (argument)
			to[n++] = argument;
		to[n++] = (char *)*path;
		for (i = 1; argv[0] && argv[i]; i++) {
			if (n == MAX_ARGS - 1) {
				*error = -E2BIG;
				return argv;
			}
			to[n++] = argv[i];
		}
		to[n] = NULL;
		argv = to;
		*path = interp;
	}
	*error = depth == 5 ? -ELOOP : -ENOEXEC;
	return argv;
}
