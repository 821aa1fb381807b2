/* SPDX-License-Identifier: MIT */
/*
 * compat_vm_test.c - page tables by the original's names
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libdune/dune.h"
#include "check.h"

#define AREA	((char *)0x400000000000)	/* nothing of Linux's is there */
#define ALIAS	((char *)0x500000000000)
#define HUGE	((char *)0x600000000000)
#define NPAGES	8

static volatile int faults;
static volatile uintptr_t fault_addr;
static volatile uint64_t fault_error;

/* Neither moved nor left out by the compiler: it may fault. */
static void put(char *p, char value)
{
	*(volatile char *)p = value;
}

static char get(char *p)
{
	return *(volatile char *)p;
}

static void count(uintptr_t addr, uint64_t fec)
{
	faults++;
	fault_addr = addr;
	fault_error = fec;
}

/* Whatever it was, allow it. */
static void allow(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	ptent_t *pte;

	count(addr, fec);
	assert(!dune_vm_lookup(pgroot, (void *)addr, CREATE_NONE, &pte));
	*pte |= PTE_P | PTE_W;
	dune_flush_tlb_one(addr);
}

static void map_fresh(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	count(addr, fec);
	assert(!dune_vm_map_pages(pgroot, (void *)PGADDR(addr), PGSIZE, PERM_R | PERM_W));
}

static void check_map(void)
{
	ptent_t *pte = NULL;
	int i, good = 1;

	CHECK("nothing is there", dune_vm_lookup(pgroot, AREA, CREATE_NONE, &pte) == -ENOENT);
	CHECK("dune_vm_map_pages", !dune_vm_map_pages(pgroot, AREA, NPAGES * PGSIZE, PERM_R | PERM_W));
	for (i = 0; i < NPAGES; i++) {
		good &= get(AREA + i * PGSIZE) == 0;
		put(AREA + i * PGSIZE, i);
	}
	CHECK("fresh pages are zero", good);
	CHECK("dune_vm_lookup", !dune_vm_lookup(pgroot, AREA + PGSIZE, CREATE_NONE, &pte) &&
	      (*pte & (PTE_P | PTE_W | PTE_U | PTE_NX)) == (PTE_P | PTE_W | PTE_NX));
	CHECK("A and D", (*pte & PTE_A) && (*pte & PTE_D));
	CHECK("a page of the pool", dune_page_isfrompool(PTE_ADDR(*pte)));
	CHECK("dune_page2pa is an address", *(char *)PTE_ADDR(*pte) == 1);
	CHECK("dune_vm_lookup_page",
	      dune_vm_lookup_page(pgroot, AREA + PGSIZE) == dune_pa2page(PTE_ADDR(*pte)));
	CHECK("wrong rights", dune_vm_map_pages(pgroot, AREA, PGSIZE, PERM_W) == -EINVAL);
	CHECK("a wrong range", dune_vm_map_pages(pgroot, VA_END, PGSIZE, PERM_R) == -EINVAL);
}

static void check_protect(void)
{
	dune_register_pgflt_handler(allow);
	faults = 0;
	CHECK("dune_vm_mprotect", !dune_vm_mprotect(pgroot, AREA, 2 * PGSIZE, PERM_R));
	put(AREA + 3, 77);
	CHECK("a write faults once", faults == 1 && get(AREA + 3) == 77);
	CHECK("with the address and error", fault_addr == (uintptr_t)AREA + 3 &&
	      fault_error == (FEC_P | FEC_W));
	put(AREA + 2 * PGSIZE, 1);
	CHECK("its neighbours do not", faults == 1);
	CHECK("PERM_NONE", !dune_vm_mprotect(pgroot, AREA, PGSIZE, PERM_NONE));
	CHECK("a read faults", get(AREA + 3) == 77 && faults == 2 && fault_error == 0);
	CHECK("write without read", dune_vm_mprotect(pgroot, AREA, PGSIZE, PERM_W) == -EINVAL);
	CHECK("PERM_USR1", !dune_vm_mprotect(pgroot, AREA, PGSIZE, PERM_R | PERM_W | PERM_USR1));
	CHECK("over a hole", !dune_vm_mprotect(pgroot, AREA, 2 * NPAGES * PGSIZE, PERM_R | PERM_W));
}

static int visits;

static int visit(const void *arg, ptent_t *pte, void *va)
{
	visits += arg == &visits && PGOFF(va) == 0 && *pte;
	return va == AREA + 3 * PGSIZE ? 5 : 0;
}

static void check_walk(void)
{
	CHECK("dune_vm_page_walk", dune_vm_page_walk(pgroot, AREA + 4 * PGSIZE,
						    AREA + 2 * NPAGES * PGSIZE, visit, &visits) == 0);
	CHECK("as many as are mapped", visits == NPAGES - 4);
	visits = 0;
	CHECK("until the callback says", dune_vm_page_walk(pgroot, AREA, AREA + NPAGES * PGSIZE - 1,
							  visit, &visits) == 5);
	CHECK("that many", visits == 4);
}

/* Memory of Linux's: another view of it, and rights of its own. */
static void check_phys(void)
{
	char *mem = mmap(NULL, 4 * PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	static char stay[3 * PGSIZE];
	char *own = (char *)PGADDR(stay + PGSIZE);

	CHECK("dune_vm_map_phys", !dune_vm_map_phys(pgroot, ALIAS, 4 * PGSIZE,
						    (void *)dune_mmap_addr_to_pa(mem), PERM_R | PERM_W));
	put(ALIAS + PGSIZE, 9);
	CHECK("the same memory", get(mem + PGSIZE) == 9);
	faults = 0;
	CHECK("in place", !dune_vm_map_phys(pgroot, mem, PGSIZE, (void *)dune_va_to_pa(mem), PERM_R));
	put(mem, 4);
	CHECK("with its new rights", faults == 1 && get(mem) == 4);
	CHECK("dune_vm_mprotect of Linux's", !dune_vm_mprotect(pgroot, own, PGSIZE, PERM_R));
	put(own, 8);
	put(own + PGSIZE, 1);
	put(own - 1, 1);
	CHECK("and of nothing else", faults == 2);
	CHECK("fresh pages over Linux's", !dune_vm_map_pages(pgroot, mem, PGSIZE, PERM_R | PERM_W) &&
	      get(mem) == 0 && get(ALIAS) == 4);
	CHECK("not aligned alike", dune_vm_map_phys(pgroot, ALIAS, PGSIZE, (void *)0x123, PERM_R) ==
	      -EINVAL);
	dune_vm_unmap(pgroot, ALIAS, 4 * PGSIZE);
	dune_register_pgflt_handler(map_fresh);
	faults = 0;
	CHECK("dune_vm_unmap", get(ALIAS) == 0 && faults == 1 && fault_error == 0);
}

static void check_pages(void)
{
	struct page *pg = dune_page_alloc();
	char *p = (char *)dune_page2pa(pg);

	CHECK("dune_page_alloc", pg >= pages && pg < pages + num_pages && pg->ref == 1);
	strcpy(p, "mine");
	CHECK("dune_vm_insert_page", !dune_vm_insert_page(pgroot, ALIAS + PGSIZE, pg, PERM_R) &&
	      !strcmp(ALIAS + PGSIZE, "mine"));
	CHECK("dune_page_get", dune_page_get(pg)->ref == 3);
	dune_page_put(pg);
	dune_page_put(pg);
	CHECK("dune_page_put", pg->ref == 1 && !strcmp(ALIAS + PGSIZE, "mine"));
	dune_vm_unmap(pgroot, ALIAS + PGSIZE, PGSIZE);
	CHECK("gone with its mapping", !dune_page_isfrompool(dune_page2pa(pg)));
	pg = dune_page_alloc();
	dune_page_free(pg);
	CHECK("dune_page_free", pg && !dune_page_isfrompool(dune_page2pa(pg)));
	dune_page_stats();
}

static void on_cow(uintptr_t addr, uint64_t fec, struct dune_tf *tf)
{
	count(addr, fec);
	dune_vm_default_pgflt_handler(addr, fec);
}

static void check_clone(void)
{
	ptent_t *clone, *pte, *other;

	strcpy(AREA, "before");
	clone = dune_vm_clone(pgroot);
	CHECK("dune_vm_clone", clone && clone != pgroot);
	CHECK("it leads to the same page", !dune_vm_lookup(pgroot, AREA, CREATE_NONE, &pte) &&
	      !dune_vm_lookup(clone, AREA, CREATE_NONE, &other) && PTE_ADDR(*pte) == PTE_ADDR(*other));
	CHECK("which counts it", dune_vm_lookup_page(clone, AREA)->ref == 2);

	dune_register_pgflt_handler(on_cow);
	CHECK("PERM_COW", !dune_vm_mprotect(pgroot, AREA, PGSIZE, PERM_R | PERM_COW) &&
	      !dune_vm_mprotect(clone, AREA, PGSIZE, PERM_R | PERM_COW) && (*pte & PTE_COW));
	strcpy(AREA, "after");
	CHECK("whoever writes gets a copy", PTE_ADDR(*pte) != PTE_ADDR(*other) &&
	      !strcmp((char *)PTE_ADDR(*other), "before"));
	load_cr3((unsigned long)clone);
	CHECK("load_cr3", get_cr3() == (unsigned long)clone && !strcmp(AREA, "before"));
	strcpy(AREA, "clone");
	CHECK("the last goes on with the page", !(*other & PTE_COW) && (*other & PTE_W) &&
	      !strcmp((char *)PTE_ADDR(*other), "clone"));
	load_cr3((unsigned long)pgroot | CR3_NOFLUSH);
	CHECK("and back", get_cr3() == (unsigned long)pgroot && !strcmp(AREA, "after"));
	dune_vm_free(clone);
	CHECK("dune_vm_free", dune_vm_lookup_page(pgroot, AREA)->ref == 1);
}

static void check_big(void)
{
	char *mem = mmap(NULL, 3 * BIG_PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *big = (char *)BIG_PGADDR(mem + BIG_PGMASK);
	ptent_t *pte;

	CHECK("PERM_BIG", !dune_vm_map_phys(pgroot, big, BIG_PGSIZE, (void *)dune_va_to_pa(big),
					    PERM_R | PERM_W | PERM_BIG));
	put(big + 12345, 3);
	CHECK("one leaf", !dune_vm_lookup(pgroot, big, CREATE_NONE, &pte) && (*pte & PTE_PS));
	CHECK("part of it", !dune_vm_mprotect(pgroot, big + PGSIZE, PGSIZE, PERM_R) &&
	      !dune_vm_lookup(pgroot, big + PGSIZE, CREATE_NONE, &pte) && !(*pte & (PTE_PS | PTE_W)) &&
	      !dune_vm_lookup(pgroot, big, CREATE_NONE, &pte) && (*pte & PTE_W));
	CHECK("CREATE_NORMAL", !dune_vm_lookup(pgroot, ALIAS + (1UL << 35), CREATE_NORMAL, &pte) && !*pte);
	CHECK("CREATE_BIG", !dune_vm_lookup(pgroot, HUGE + BIG_PGSIZE, CREATE_BIG, &pte) && !*pte &&
	      PGOFF(pte) == 8 * PDX(1, HUGE + BIG_PGSIZE));
}

static int leaves;

static int count_leaf(const void *arg, ptent_t *pte, void *va)
{
	leaves++;
	return !(*pte & PTE_PS);
}

/* A leaf of 1 GiB, made by the program, stays one until a part of it is to differ. */
static void check_huge(void)
{
	char *mem = mmap(NULL, 2UL << 30, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	char *there = (char *)(((uintptr_t)mem + (1UL << 30) - 1) >> 30 << 30);
	char *from = HUGE + (1UL << 30);
	ptent_t *pte;

	CHECK("PERM_BIG_1GB", !dune_vm_map_phys(pgroot, from, 1UL << 30, (void *)dune_va_to_pa(there),
						PERM_R | PERM_W | PERM_BIG_1GB));
	put(from + 123456789, 11);
	CHECK("the same memory", get(there + 123456789) == 11);
	CHECK("one leaf", !dune_vm_page_walk(pgroot, from, from + (1UL << 30) - 1, count_leaf, NULL) &&
	      leaves == 1);
	CHECK("CREATE_BIG_1GB", !dune_vm_lookup(pgroot, from, CREATE_BIG_1GB, &pte) && (*pte & PTE_PS));
	CHECK("another gigabyte", !dune_vm_lookup(pgroot, HUGE + (3UL << 30), CREATE_BIG_1GB, &pte) &&
	      !*pte);
	dune_vm_unmap(pgroot, from, 1UL << 30);
	munmap(mem, 2UL << 30);
}

/* Not cached: it works, at most slower. */
static void check_uncached(void)
{
	ptent_t *pte;

	CHECK("PERM_UC", !dune_vm_map_pages(pgroot, ALIAS + 16 * PGSIZE, PGSIZE,
					    PERM_R | PERM_W | PERM_UC) &&
	      !dune_vm_lookup(pgroot, ALIAS + 16 * PGSIZE, CREATE_NONE, &pte) && (*pte & PTE_PCD));
	put(ALIAS + 16 * PGSIZE, 5);
	CHECK("as memory", get(ALIAS + 16 * PGSIZE) == 5);
	dune_vm_unmap(pgroot, ALIAS + 16 * PGSIZE, PGSIZE);
}

static bool has_invpcid(void)
{
	unsigned int a = 7, b, c = 0, d;

	asm volatile("cpuid" : "+a" (a), "=b" (b), "+c" (c), "=d" (d));
	return b & 1 << 10;
}

/* What the entry has lost, this CPU's TLB forgets by @flush: a write faults. */
static void check_flush(const char *what, char *p, void (*flush)(char *p))
{
	ptent_t *pte;

	put(p, 1);
	CHECK(what, !dune_vm_lookup(pgroot, p, CREATE_NONE, &pte));
	*pte &= ~PTE_W;
	flush(p);
	faults = 0;
	put(p, 2);
	CHECK("forgotten", faults == 1 && fault_addr == (uintptr_t)p && get(p) == 2);
}

static void flush_address(char *p)
{
	__invpcid(0, (unsigned long)p);
}

static void flush_pcid(char *p)
{
	__invpcid(1, 0);
}

static void flush_one(char *p)
{
	dune_flush_tlb_one((unsigned long)p);
}

static void flush_all(char *p)
{
	dune_flush_tlb();
}

static void check_tlb(void)
{
	char *p = ALIAS + 32 * PGSIZE;

	dune_register_pgflt_handler(allow);
	CHECK("a page", !dune_vm_map_pages(pgroot, p, PGSIZE, PERM_R | PERM_W));
	if (has_invpcid()) {
		check_flush("__invpcid, an address", p, flush_address);
		check_flush("__invpcid, a PCID", p, flush_pcid);
	}
	check_flush("dune_flush_tlb_one", p, flush_one);
	check_flush("dune_flush_tlb", p, flush_all);
	dune_vm_unmap(pgroot, p, PGSIZE);
}

/* All three ways lead to the same; and where Linux puts things is known. */
static void check_places(void)
{
	char *mem = mmap(NULL, PGSIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char here = 0;

	CHECK("dune_stack_addr_to_pa", dune_stack_addr_to_pa(&here) == dune_va_to_pa(&here) &&
	      PGOFF(dune_stack_addr_to_pa(&here)) == PGOFF(&here));
	CHECK("mmap_base", mmap_base && (uintptr_t)mem >= mmap_base && PGOFF(mmap_base) == 0);
	CHECK("stack_base", stack_base && (uintptr_t)&here >= stack_base && PGOFF(stack_base) == 0);
	munmap(mem, PGSIZE);
}

static int refuse(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		dune_enter();
		dune_register_pgflt_handler(on_cow);
		dune_vm_mprotect(pgroot, AREA, PGSIZE, PERM_R);
		put(AREA, 1);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* A child has tables of its own, that say the same. */
static int inherit(void)
{
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		dune_enter();
		put(AREA + 1, 0);
		_exit(strcmp(AREA, "after") != 0 && dune_vm_lookup_page(pgroot, AREA)->ref == 1 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && !WEXITSTATUS(status) && !strcmp(AREA, "after");
}

int main(int argc, char *argv[])
{
	int ret = dune_init(argc == 1);

	if (!ret)
		ret = dune_enter();
	if (ret) {
		printf("failed to initialize DUNE\n");
		return ret;
	}
	CHECK("pgroot", (unsigned long)pgroot == get_cr3());
	check_map();
	check_protect();
	check_walk();
	check_phys();
	check_pages();
	check_clone();
	check_big();
	check_huge();
	check_uncached();
	check_tlb();
	check_places();
	CHECK("a child", inherit());
	CHECK("what is no COW ends the program", refuse());
	return done();
}
