/* SPDX-License-Identifier: MIT */
/*
 * ring.c - the reader's side of the ring
 *
 * The writers are monitors, which ring 3 cannot reach; still nothing read here is
 * trusted to fit.
 */
#include <linux/futex.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "reader.h"

struct trace_ring *ring_new(int *fd)
{
	struct trace_ring *ring;

	*fd = memfd_create("dune-trace", MFD_CLOEXEC);
	if (*fd < 0 || ftruncate(*fd, RING_SIZE))
		return NULL;
	ring = mmap(NULL, RING_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, *fd, 0);
	if (ring == MAP_FAILED)
		return NULL;
	ring->magic = RING_MAGIC;
	ring->reader = getpid();
	return ring;
}

/* There is something to do, or a signal has come. From a handler too. */
void ring_wake(struct trace_ring *ring)
{
	__atomic_store_n(&ring->idle, 0, __ATOMIC_SEQ_CST);
}

/* What is looked at after this and before ring_wait() is not missed. */
void ring_will_wait(struct trace_ring *ring)
{
	__atomic_store_n(&ring->idle, 1, __ATOMIC_SEQ_CST);
}

/* Until half of it is full, or a while has passed: there is no hurry to show calls. */
void ring_wait(struct trace_ring *ring)
{
	const struct timespec patience = { 0, 200000000 };

	syscall(SYS_futex, &ring->idle, FUTEX_WAIT, 1, &patience, NULL, 0);
	ring_wake(ring);
}

/* Who waits for room, or comes later, waits no more. */
void ring_close(struct trace_ring *ring)
{
	__atomic_store_n(&ring->closed, 1, __ATOMIC_SEQ_CST);
	syscall(SYS_futex, &ring->wanted, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

static void make_room(struct trace_ring *ring, uint64_t tail)
{
	__atomic_store_n(&ring->tail, tail, __ATOMIC_SEQ_CST);
	if (__atomic_exchange_n(&ring->wanted, 0, __ATOMIC_SEQ_CST))
		syscall(SYS_futex, &ring->wanted, FUTEX_WAKE, 1000, NULL, NULL, 0);
}

static void copy_out(void *to, const struct trace_ring *ring, uint64_t at, uint32_t size)
{
	const uint8_t *data = (const uint8_t *)ring + 4096;
	uint32_t first = RING_DATA - at % RING_DATA;

	first = first < size ? first : size;
	memcpy(to, data + at % RING_DATA, first);
	memcpy((uint8_t *)to + first, data, size - first);
}

/* It is a record's first word, and they lie at multiples of 4. */
static uint32_t size_at(const struct trace_ring *ring, uint64_t at)
{
	return *(const volatile uint32_t *)((const uint8_t *)ring + 4096 + (at % RING_DATA & ~3UL));
}

/* All that is there. */
void ring_read(struct trace_ring *ring, void (*fn)(const struct call *call))
{
	static union {
		struct trace_record	r;
		uint8_t			bytes[MAX_RECORD];
	} record;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), tail = ring->tail;
	struct call call;
	uint32_t size;

	while (tail < head) {
		size = size_at(ring, tail);
		if (size < sizeof(record.r) || size > MAX_RECORD || size > head - tail) {
			tail = head;
			break;
		}
		copy_out(&record, ring, tail, size);
		record.r.size = size;
		tail += size;
		if (call_of(&record.r, &call))
			fn(&call);
		make_room(ring, tail);
	}
	make_room(ring, tail);
}
