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

/* All that is there. */
void ring_read(struct trace_ring *ring, void (*fn)(const struct call *call))
{
	static union {
		struct trace_record	r;
		uint8_t			bytes[MAX_RECORD];
	} record;
	uint64_t head = __atomic_load_n(&ring->head, __ATOMIC_ACQUIRE), tail = ring->tail;
	struct call call;

	while (tail < head) {
		copy_out(&record, ring, tail, sizeof(record.r));
		if (record.r.size < sizeof(record.r) || record.r.size > MAX_RECORD ||
		    record.r.size > head - tail) {
			tail = head;
			break;
		}
		copy_out(&record, ring, tail, record.r.size);
		tail += record.r.size;
		if (call_of(&record.r, &call))
			fn(&call);
		make_room(ring, tail);
	}
	make_room(ring, tail);
}
