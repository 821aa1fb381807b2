/* SPDX-License-Identifier: MIT */
/*
 * uapi_test.c - every call of the interface, used wrongly
 */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "kselftest_harness.h"
#include "rawvm.h"

#define BAD_POINTER	((void *)0x10)

FIXTURE(vm) {
	struct rawvm v;
};

FIXTURE_SETUP(vm)
{
	ASSERT_EQ(0, raw_make(memset(&self->v, 0, sizeof(self->v)), CODE_VMCALL,
			      sizeof(CODE_VMCALL)));
}

FIXTURE_TEARDOWN(vm)
{
	raw_close(&self->v);
}

#define EXPECT_ERRNO(error, call) do {				\
	errno = 0;						\
	EXPECT_EQ(-1, (call));					\
	EXPECT_EQ((error), errno);				\
} while (0)

TEST_F(vm, runs)
{
	ASSERT_EQ(DUNE_EXIT_VMCALL, raw_run(&self->v));
	EXPECT_EQ(~0ULL, self->v.run->regs.rax);
	EXPECT_EQ(RAW_CODE + 10, self->v.run->regs.rip);
	EXPECT_EQ(RAW_STACK, self->v.run->regs.rsp);
}

TEST_F(vm, run_by_seek_is_the_same)
{
	self->v.run->regs.rip = RAW_CODE;
	self->v.run->regs.rflags = 2;
	self->v.run->set = DUNE_SET_REGS;
	int r;

	while (!(r = lseek(self->v.vcpu, self->v.key, SEEK_SET)))
		;
	EXPECT_EQ(DUNE_EXIT_VMCALL, r);
	EXPECT_ERRNO(EINVAL, lseek(self->v.vcpu, 0, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(self->v.vcpu, DUNE_RUN, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(self->v.vcpu, self->v.key ^ 1, SEEK_SET));
	EXPECT_ERRNO(EINVAL, lseek(self->v.vcpu, self->v.key, SEEK_CUR));
	EXPECT_ERRNO(EINVAL, lseek(self->v.vcpu, self->v.key, SEEK_END));
}

TEST_F(vm, null_and_unmapped_arguments)
{
	int i;
	void *bad[] = { NULL, BAD_POINTER, (void *)-8L, (void *)0xffff800000000000UL,
			(void *)0x7ffffffff000UL, mmap(NULL, 4096, PROT_NONE,
						       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) };

	for (i = 0; i < 6; i++) {
		EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_GET_INFO, bad[i]));
		EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_MAP_SLOT, bad[i]));
		EXPECT_ERRNO(EFAULT, ioctl(self->v.vcpu, DUNE_SET_SREGS, bad[i]));
		EXPECT_ERRNO(EFAULT, ioctl(self->v.vcpu, DUNE_GET_SREGS, bad[i]));
		EXPECT_ERRNO(EFAULT, ioctl(self->v.vcpu, DUNE_GET_STATS, bad[i]));
	}
}

TEST_F(vm, misaligned_and_short_arguments)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(page + 4096, 4096);
	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_GET_INFO, page + 1));
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_GET_INFO, page + 4096 - 8));
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vcpu, DUNE_SET_SREGS, page + 4096 - 8));
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vcpu, DUNE_GET_STATS, page + 4096 - 64));
}

TEST_F(vm, unknown_numbers_and_sizes)
{
	char buf[4096] = { 0 };
	unsigned int nr;

	for (nr = 0; nr < 256; nr++) {
		EXPECT_ERRNO(ENOTTY, ioctl(self->v.vm, _IOC(_IOC_WRITE, DUNE_IOC_MAGIC, nr, 4), buf));
		EXPECT_ERRNO(ENOTTY, ioctl(self->v.vcpu, _IOC(_IOC_READ | _IOC_WRITE, DUNE_IOC_MAGIC, nr, 4000), buf));
	}
	/* Right number, other file. */
	EXPECT_ERRNO(ENOTTY, ioctl(self->v.vcpu, DUNE_CREATE_VCPU, 0));
	EXPECT_ERRNO(ENOTTY, ioctl(self->v.vcpu, DUNE_GET_INFO, buf));
	EXPECT_ERRNO(ENOTTY, ioctl(self->v.vm, DUNE_RUN, 0));
	EXPECT_ERRNO(ENOTTY, ioctl(self->v.vm, DUNE_GET_SREGS, buf));
}

TEST_F(vm, reserved_values)
{
	struct dune_slot slot = { .va = 1UL << 47 };

	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_CREATE_VCPU, 2));
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 1));
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.va = ~0UL;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.va = RAW_BASE;
	slot.gpa = 1;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.gpa = DUNE_SLOT_SIZE;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.gpa = (1ULL << 60) | DUNE_SLOT_AT;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.gpa = -DUNE_SLOT_SIZE | DUNE_SLOT_AT;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	slot.gpa = 0;
	slot.va = 0x300000000000UL;	/* nothing is mapped there */
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
}

static long unmap(int vm, uint64_t va, uint64_t flags)
{
	struct dune_slot slot = { .va = va, .gpa = flags };

	return ioctl(vm, DUNE_UNMAP_SLOT, &slot);
}

TEST_F(vm, slots_are_given_back)
{
	struct dune_slot slot = { .va = 0x310000000000 }, other = { .va = 0x320000000000 };
	char *p = mmap((void *)slot.va, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED_NOREPLACE, -1, 0);
	char *q = mmap((void *)other.va, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS |
		       MAP_FIXED_NOREPLACE, -1, 0);

	ASSERT_NE(MAP_FAILED, p);
	ASSERT_NE(MAP_FAILED, q);
	EXPECT_ERRNO(ENOENT, unmap(self->v.vm, 0x330000000000, 0));
	ASSERT_EQ(0, ioctl(self->v.vm, DUNE_MAP_SLOT, &slot));
	EXPECT_ERRNO(EBUSY, unmap(self->v.vm, slot.va, 0));
	EXPECT_ERRNO(EBUSY, unmap(self->v.vm, slot.va, DUNE_SLOT_ASK));
	EXPECT_ERRNO(EINVAL, unmap(self->v.vm, slot.va, 2));
	EXPECT_ERRNO(EINVAL, unmap(self->v.vm, 1UL << 47, 0));
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_UNMAP_SLOT, 8));
	munmap(p, 4096);
	EXPECT_EQ(0, unmap(self->v.vm, slot.va, DUNE_SLOT_ASK));
	EXPECT_EQ(0, unmap(self->v.vm, slot.va, 0));
	EXPECT_ERRNO(ENOENT, unmap(self->v.vm, slot.va, 0));
	ASSERT_EQ(0, ioctl(self->v.vm, DUNE_MAP_SLOT, &other));
	EXPECT_EQ(slot.gpa, other.gpa);
}

TEST_F(vm, prefault_and_flush_check_what_they_are_given)
{
	struct dune_range range = { .va = RAW_BASE, .len = RAW_SIZE };

	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_PREFAULT, &range));
	range.len = -1UL;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_PREFAULT, &range));
	range.len = 1UL << 47;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_PREFAULT, &range));
	range = (struct dune_range) { 0, 1UL << 47 };
	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_PREFAULT, &range));
	range = (struct dune_range) { 1UL << 63, 4096 };
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_PREFAULT, &range));
	EXPECT_ERRNO(EFAULT, ioctl(self->v.vm, DUNE_PREFAULT, 8));
	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_FLUSH_TLB, 0));
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vm, DUNE_FLUSH_TLB, 1));
}

TEST_F(vm, slots_stay)
{
	struct dune_slot a = { .va = RAW_BASE + 4096 }, b = { .va = RAW_BASE + 12345 };

	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_MAP_SLOT, &a));
	EXPECT_EQ(0, ioctl(self->v.vm, DUNE_MAP_SLOT, &b));
	EXPECT_EQ(a.gpa, b.gpa);
	EXPECT_EQ(a.gpa, self->v.gpa);
}

TEST_F(vm, bad_sregs_change_nothing)
{
	struct dune_sregs good, bad, now;
	__u64 *base[] = { &bad.gdt_base, &bad.idt_base, &bad.tr_base, &bad.fs_base,
			     &bad.gs_base, &bad.kernel_gs_base, &bad.lstar };
	unsigned int i;

	ASSERT_EQ(0, ioctl(self->v.vcpu, DUNE_GET_SREGS, &good));
	for (i = 0; i < 7; i++) {
		bad = good;
		*base[i] = 0x800000000000UL;
		EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_SET_SREGS, &bad));
	}
	bad = good;
	bad.cr3 = 1UL << 60;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_SET_SREGS, &bad));
	bad = good;
	bad.tr_selector = 0x43;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_SET_SREGS, &bad));
	bad = good;
	bad.star |= 3UL << 32;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_SET_SREGS, &bad));
	ASSERT_EQ(0, ioctl(self->v.vcpu, DUNE_GET_SREGS, &now));
	EXPECT_EQ(0, memcmp(&good, &now, sizeof(now)));
}

TEST_F(vm, bad_registers_and_events)
{
	struct dune_run *run = self->v.run;
	const struct dune_event bad[] = {
		{ .vector = 2 },			/* NMI */
		{ .vector = 21 }, { .vector = 21, .has_error = 1 },	/* no CET */
		{ .vector = 13 },			/* needs an error code */
		{ .vector = 6, .has_error = 1 },	/* has none */
		{ .vector = 6, .error = 1 },
		{ .vector = 13, .has_error = 2 },
		{ .vector = 13, .has_error = 1, .error = 1 << 16 },
		{ .vector = 6, .reserved = 1 },
	};
	unsigned int i;

	run->set = 1U << 31;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->set = DUNE_SET_REGS;
	run->regs.rip = 0x800000000000UL;
	run->regs.rflags = 2;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->regs.rip = RAW_CODE;
	run->regs.rflags = 1 << 17;		/* VM */
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->regs.rflags = 1UL << 40;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->regs.rflags = 2;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		run->set = DUNE_SET_REGS | DUNE_SET_EVENT;
		run->event = bad[i];
		EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	}
	run->event = (struct dune_event) { .vector = 200 };	/* an interrupt */
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->set = DUNE_SET_REGS | DUNE_SET_INTERRUPT;
	run->interrupt = 31;			/* an exception */
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->interrupt = 256;
	EXPECT_ERRNO(EINVAL, ioctl(self->v.vcpu, DUNE_RUN, 0));
	run->set = DUNE_SET_REGS | DUNE_SET_INTERRUPT;
	run->interrupt = 255;			/* waits: IF is clear */
	EXPECT_EQ(DUNE_EXIT_VMCALL, raw_run(&self->v));
}

TEST_F(vm, run_page_mappings)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 8192, PROT_READ, MAP_SHARED, self->v.vcpu, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->v.vcpu, 4096));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, self->v.vcpu, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_SHARED, self->v.vcpu, 0));
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->v.vm, 0));
	/* Nor a second time. */
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->v.vcpu, 0));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(-1, mprotect(self->v.run, 4096, PROT_READ | PROT_EXEC));
}

TEST_F(vm, another_process_is_refused)
{
	struct dune_sregs s;
	int status;
	pid_t pid = fork();

	if (!pid) {
		int bad = 0;

		bad |= ioctl(self->v.vm, DUNE_GET_INFO, &s) != -1 || errno != EPERM;
		bad |= ioctl(self->v.vm, DUNE_CREATE_VCPU, 0) != -1 || errno != EPERM;
		bad |= ioctl(self->v.vcpu, DUNE_RUN, 0) != -1 || errno != EPERM;
		bad |= lseek(self->v.vcpu, self->v.key, SEEK_SET) != -1 || errno != EPERM;
		bad |= ioctl(self->v.vcpu, DUNE_GET_SREGS, &s) != -1 || errno != EPERM;
		bad |= ioctl(self->v.vcpu, DUNE_GET_KEY, &s) != -1 || errno != EPERM;
		bad |= mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->v.vcpu, 0) != MAP_FAILED;
		_exit(bad);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(DUNE_EXIT_VMCALL, raw_run(&self->v));
}

TEST_F(vm, after_exec_the_vm_is_not_ours)
{
	int status, fd = dup(self->v.vcpu);	/* without close-on-exec */
	char text[16];
	pid_t pid;

	snprintf(text, sizeof(text), "%d", fd);
	pid = vfork();
	if (!pid) {
		execl("/proc/self/exe", "uapi_test", "--ioctl-after-exec", text, NULL);
		_exit(99);
	}
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
}

static void *run_forever(void *arg)
{
	struct rawvm *v = arg;

	return (void *)(long)raw_run(v);
}

TEST_F(vm, two_threads_one_vcpu)
{
	pthread_t thread;
	struct dune_sregs s;
	int i, busy = 0;

	memcpy(self->v.memory + 8192, CODE_SPIN, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_forever, &self->v));
	for (i = 0; i < 1000 && busy < 2; i++) {
		busy += ioctl(self->v.vcpu, DUNE_GET_SREGS, &s) == -1 && errno == EBUSY;
		usleep(1000);
	}
	EXPECT_LE(2, busy);
	/* What the guest runs is memory like any other: end the loop. */
	memcpy(self->v.memory + 8192, CODE_VMCALL, sizeof(CODE_VMCALL));
	pthread_join(thread, NULL);
}

TEST_F(vm, vcpu_outlives_the_vm_file)
{
	close(self->v.vm);
	EXPECT_EQ(DUNE_EXIT_VMCALL, raw_run(&self->v));
}

TEST_F(vm, closing_while_it_runs)
{
	pthread_t thread;
	int vcpu = self->v.vcpu;

	memcpy(self->v.memory + 8192, CODE_SPIN, 2);
	ASSERT_EQ(0, pthread_create(&thread, NULL, run_forever, &self->v));
	usleep(20000);
	close(vcpu);
	usleep(20000);
	memcpy(self->v.memory + 8192, CODE_VMCALL, sizeof(CODE_VMCALL));
	pthread_join(thread, NULL);
}

TEST(nothing_is_left_behind)
{
	struct rawvm v;
	int i, first = -1;

	for (i = 0; i < 200; i++) {
		memset(&v, 0, sizeof(v));
		ASSERT_EQ(0, raw_make(&v, CODE_VMCALL, sizeof(CODE_VMCALL)));
		if (first < 0)
			first = v.vcpu;
		ASSERT_EQ(first, v.vcpu);
		ASSERT_EQ(DUNE_EXIT_VMCALL, raw_run(&v));
		raw_close(&v);
	}
}

TEST(many_vcpus)
{
	struct rawvm v;
	int fds[300], i;

	memset(&v, 0, sizeof(v));
	ASSERT_EQ(0, raw_make(&v, CODE_VMCALL, sizeof(CODE_VMCALL)));
	for (i = 0; i < 300; i++) {
		fds[i] = ioctl(v.vm, DUNE_CREATE_VCPU, 0);
		ASSERT_LE(0, fds[i]);
	}
	EXPECT_EQ(DUNE_EXIT_VMCALL, raw_run(&v));
	for (i = 0; i < 300; i++) {
		uint64_t key = v.key;

		/* Another's key is of no use. */
		EXPECT_ERRNO(EINVAL, lseek(fds[i], v.key, SEEK_SET));
		EXPECT_EQ(0, ioctl(fds[i], DUNE_GET_KEY, &key));
		EXPECT_NE(v.key, key);
		close(fds[i]);
	}
	EXPECT_ERRNO(EFAULT, ioctl(v.vcpu, DUNE_GET_KEY, 1));
	raw_close(&v);
}

/* Each step of making a VM fails once; each time all is as before. */
TEST(every_step_may_fail)
{
	int fd = open("/sys/module/dune/parameters/fail_at", O_WRONLY), step;
	struct rawvm v;

	if (fd < 0)
		SKIP(return, "fail_at cannot be set");
	for (step = 1; step < 50; step++) {
		char text[8];
		int r;

		memset(&v, 0, sizeof(v));
		ASSERT_LT(0, pwrite(fd, text, snprintf(text, sizeof(text), "%d", step), 0));
		r = raw_make(&v, CODE_VMCALL, sizeof(CODE_VMCALL));
		ASSERT_LT(0, pwrite(fd, "0", 1, 0));
		if (!r)
			r = raw_run(&v) == DUNE_EXIT_VMCALL ? 0 : -EIO;
		raw_close(&v);
		if (!r)
			break;
		ASSERT_EQ(-ENOMEM, r);
	}
	EXPECT_LT(5, step);
	EXPECT_GT(50, step);
	close(fd);
}

/* No memory for an EPT table: the violation comes again, the guest sees nothing. */
TEST_F(vm, ept_allocation_may_fail)
{
	int fd = open("/sys/module/dune/parameters/fail_at", O_WRONLY), i;

	if (fd < 0)
		SKIP(return, "fail_at cannot be set");
	for (i = 1; i < 6; i++) {
		char digit = '0' + i;

		/* A new place for the code: tables are needed. */
		munmap(self->v.memory, RAW_SIZE);
		self->v.memory = mmap((void *)RAW_BASE, RAW_SIZE, PROT_READ | PROT_WRITE | PROT_EXEC,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		((uint64_t *)self->v.memory)[RAW_BASE >> 39 & 511] = (self->v.gpa + 4096) | 7;
		((uint64_t *)self->v.memory)[512 + (RAW_BASE >> 30 & 511)] = self->v.gpa | 0xe3;
		memcpy(self->v.memory + 8192, CODE_VMCALL, sizeof(CODE_VMCALL));
		ASSERT_EQ(1, pwrite(fd, &digit, 1, 0));
		EXPECT_EQ(DUNE_EXIT_VMCALL, raw_run(&self->v));
		ASSERT_EQ(1, pwrite(fd, "0", 1, 0));
	}
	close(fd);
}

/* The re-executed half of after_exec_the_vm_is_not_ours. */
static int after_exec(int fd)
{
	struct dune_sregs s;

	if (ioctl(fd, DUNE_RUN, 0) != -1 || errno != EPERM)
		return 1;
	return ioctl(fd, DUNE_GET_SREGS, &s) != -1 || errno != EPERM;
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--ioctl-after-exec"))
		return after_exec(atoi(argv[2]));
	return test_harness_run(argc, argv);
}
