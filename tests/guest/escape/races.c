/* SPDX-License-Identifier: MIT */
/*
 * races.c - a second thread changes or takes away memory while a call is checked
 *
 * An attempt has been made if the call was refused at times and made at others: then
 * the memory was changing while calls were under way.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "escape.h"

#define ROUNDS	4000

static volatile bool racing;
static bool made, refused;
static int pair[2];
static char drained[1 << 16];

static void see(long r)
{
	made |= r >= 0;
	refused |= r < 0 && errno == EFAULT;
}

/*
 * @try says whether it got at what it must not. Flips wait for no call, and calls for
 * no flip; with one CPU it is the timer that comes between.
 */
static int race(void *(*other)(void *), bool (*try)(void), int most)
{
	bool escaped = false;
	pthread_t thread;
	int i;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return errno;
	racing = true;
	if (pthread_create(&thread, NULL, other, NULL))
		return EAGAIN;
	for (i = 0; i < rounds(most) && !escaped; i++) {
		escaped = try();
		if (i % 8 == 0)
			sched_yield();
	}
	racing = false;
	pthread_join(thread, NULL);
	if (escaped)
		return 0;
	return made && refused ? EFAULT : UNTRIED;
}

/*
 * An element of a vector points to our memory, then to the monitor's, and back
 */

#define NR	64

static char ours[16] = "mine";
static struct iovec vector[NR];
static struct msghdr message = { .msg_iov = vector, .msg_iovlen = NR };

static void begin(void)
{
	int i;

	for (i = 0; i < NR; i++)
		vector[i] = (struct iovec){ ours, 8 };
	if (target_is_ours)
		memset((void *)TARGET_DATA, 's', 64);
}

static void *flip_element(void *unused)
{
	void *volatile *base = &vector[NR - 1].iov_base;

	while (racing) {
		*base = (void *)TARGET_DATA;
		*base = ours;
	}
	return NULL;
}

/* Whether what comes holds anything that is not ours. */
static bool came(void)
{
	ssize_t n = recv(pair[0], drained, sizeof(drained), MSG_DONTWAIT), i;

	for (i = 0; i + 8 <= n; i += 8)
		if (memcmp(drained + i, ours, 8))
			return true;
	return false;
}

static bool write_vector(void)
{
	see(writev(pair[1], vector, NR));
	return came();
}

static int writev_racing(void)
{
	begin();
	return race(flip_element, write_vector, ROUNDS);
}

static bool send_message(void)
{
	see(sendmsg(pair[1], &message, 0));
	return came();
}

static int sendmsg_racing(void)
{
	begin();
	return race(flip_element, send_message, ROUNDS);
}

/* The vector itself is another: by its address in the message. */
static void *flip_vector(void *unused)
{
	struct iovec *volatile *at = &message.msg_iov;

	while (racing) {
		*at = (struct iovec *)TARGET_DATA;
		*at = vector;
	}
	return NULL;
}

static int sendmsg_racing_vector(void)
{
	struct iovec *other = (struct iovec *)TARGET_DATA;
	int i;

	begin();
	for (i = 0; target_is_ours && i < NR; i++)
		other[i] = (struct iovec){ "another", 8 };
	return race(flip_vector, send_message, ROUNDS);
}

static bool read_vector(void)
{
	static char data[NR * 8];

	if (write(pair[1], data, sizeof(data)) < 0)
		return false;
	see(readv(pair[0], vector, NR));
	came();
	return target_is_ours && *(volatile char *)TARGET_DATA != 's';
}

static int readv_racing(void)
{
	begin();
	memset(ours, 0, sizeof(ours));
	return race(flip_element, read_vector, ROUNDS);
}

/* Its size: across the guard page, into the monitor's memory. */
static void *flip_size(void *unused)
{
	volatile size_t *size = &vector[NR - 1].iov_len;

	while (racing) {
		*size = TARGET - BEFORE + 8;
		*size = 8;
	}
	return NULL;
}

static int writev_racing_size(void)
{
	begin();
	memcpy((void *)BEFORE, ours, 8);
	vector[NR - 1].iov_base = (void *)BEFORE;
	return race(flip_size, write_vector, ROUNDS);
}

/*
 * Memory goes away while it is copied: the middle of it, so that every copy has begun
 */

#define PAGE	4096UL
#define MANY	1024		/* 4 pages of elements */

static char *pages;

static void *take_away(void *unused)
{
	while (racing) {
		munmap(pages + 2 * PAGE, PAGE);
		mmap(pages + 2 * PAGE, PAGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return NULL;
}

static bool have_pages(void)
{
	pages = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return pages != MAP_FAILED;
}

/*
 * What is refused must not have happened in part; what is made is what was there: the
 * elements in the other pages, and as memory that has come back is zero, none in it.
 */
static bool write_many(void)
{
	ssize_t n = writev(pair[1], (struct iovec *)pages, MANY), got;

	see(n);
	got = recv(pair[0], drained, sizeof(drained), MSG_DONTWAIT);
	return (n < 0 && got > 0) || (n >= 0 && (n != got || n % 8 || n < 3 * 256 * 8));
}

/* Nobody gets anything by it: that nothing bad comes of it is what counts. */
static int survived(int result)
{
	return result == EFAULT && target_is_ours ? 0 : result;
}

static int writev_unmapped(void)
{
	struct iovec *v;
	int i;

	if (!have_pages())
		return errno;
	v = (struct iovec *)pages;
	for (i = 0; i < MANY; i++)
		v[i] = (struct iovec){ ours, 8 };
	return survived(race(take_away, write_many, ROUNDS));
}

/* A name across the page. That it comes back is zero: the name ends there. */
static bool open_name(void)
{
	int fd = open(pages + 2 * PAGE - 5, O_RDONLY | O_DIRECTORY);

	see(fd);
	made |= fd < 0 && (errno == ENOENT || errno == EACCES);	/* it has been read */
	if (fd >= 0)
		close(fd);
	return false;
}

static int open_unmapped(void)
{
	if (!have_pages())
		return errno;
	strcpy(pages + 2 * PAGE - 5, "/tmp/");
	return survived(race(take_away, open_name, ROUNDS));
}

/* What Linux itself writes: the monitor has checked where, and no more. */
static bool get_random(void)
{
	long n = syscall(SYS_getrandom, pages, 4 * PAGE, 0);

	made |= n == 4 * PAGE;
	refused |= n == 2 * PAGE || (n < 0 && errno == EFAULT);
	return false;
}

static int getrandom_unmapped(void)
{
	if (!have_pages())
		return errno;
	return survived(race(take_away, get_random, ROUNDS / 10));
}

/* What the monitor writes: a message's header, after the message has been received. */
static bool receive(void)
{
	struct msghdr *m = (struct msghdr *)(pages + 2 * PAGE - offsetof(struct msghdr, msg_control));
	struct iovec v = { drained, 8 };

	m->msg_iov = &v;
	m->msg_iovlen = 1;
	if (write(pair[1], ours, 8) != 8)
		return false;
	see(recvmsg(pair[0], m, MSG_DONTWAIT));
	came();
	return false;
}

static int recvmsg_unmapped(void)
{
	if (!have_pages())
		return errno;
	return survived(race(take_away, receive, ROUNDS));
}

/* Not only gone: what was memory is the monitor's place, or was to be. */
static void *move_away(void *unused)
{
	while (racing) {
		mremap(pages + 2 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, pages + 8 * PAGE);
		mremap(pages + 8 * PAGE, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, pages + 2 * PAGE);
	}
	return NULL;
}

static int writev_moved(void)
{
	struct iovec *v;
	int i;

	pages = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return errno;
	v = (struct iovec *)pages;
	for (i = 0; i < MANY; i++)
		v[i] = (struct iovec){ ours, 8 };
	return survived(race(move_away, write_many, ROUNDS));
}

const struct attempt race_attempts[] = {
	A(writev_racing, EFAULT), A(sendmsg_racing, EFAULT), A(sendmsg_racing_vector, EFAULT),
	A(readv_racing, EFAULT), A(writev_racing_size, EFAULT), A(writev_unmapped, EFAULT),
	A(open_unmapped, EFAULT), A(getrandom_unmapped, EFAULT), A(recvmsg_unmapped, EFAULT),
	A(writev_moved, EFAULT),
	{ 0 },
};
