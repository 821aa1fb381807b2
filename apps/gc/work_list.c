/* SPDX-License-Identifier: MIT */
/*
 * work_list.c - a long linked list of which some nodes are replaced all the time
 */
#include "work.h"

#define NODES	50000
#define ROUNDS	240
#define EVERY	13

struct node {
	struct node	*next;
	long		value;
};

static struct node *make_list(long nodes)
{
	struct node *head = NULL, *node;
	long i;

	for (i = nodes; i > 0; i--) {
		node = new_object(sizeof(*node), false);
		node->value = i;
		node->next = head;
		head = node;
	}
	return head;
}

/* Each node that @every comes to gives way to a new one with its value. */
static void replace(struct node *head, long every)
{
	struct node *node, *fresh;
	long i = 0;

	for (node = head; node->next; node = node->next) {
		if (++i % every)
			continue;
		fresh = new_object(sizeof(*fresh), false);
		fresh->value = node->next->value;
		fresh->next = node->next->next;
		node->next = fresh;
	}
}

static const char *run(int thread, int threads, double scale)
{
	long nodes = NODES / threads, rounds = ROUNDS * scale, i, last = 0;
	struct node *head = make_list(nodes), *node;

	for (i = 0; i < rounds; i++) {
		replace(head, EVERY + i % 7);
		memory->safepoint();
	}
	if (!thread)
		memory->collect();
	for (node = head; node; node = node->next)
		if (node->value != ++last)
			return "a node of the list is missing";
	return last == nodes ? NULL : "the list is too short";
}

const struct workload work_list = { "list", run };
