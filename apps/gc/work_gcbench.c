/* SPDX-License-Identifier: MIT */
/*
 * work_gcbench.c - many trees that live shortly, beside a tree and an array that
 * live long: the benchmark known as GCBench
 */
#include "work.h"

#define LONG_LIVED_DEPTH	14
#define STRETCH_DEPTH		15
#define MIN_DEPTH		4
#define ARRAY			200000

struct node {
	struct node	*left, *right;
	int		i, j;
};

static long tree_size(int depth)
{
	return (1L << (depth + 1)) - 1;
}

/* From the root down: parents are written after their children are made. */
static void populate(struct node *node, int depth)
{
	if (depth <= 0)
		return;
	node->left = new_object(sizeof(*node), false);
	node->right = new_object(sizeof(*node), false);
	populate(node->left, depth - 1);
	populate(node->right, depth - 1);
}

/* From the leaves up. */
static struct node *make_tree(int depth)
{
	struct node *left = NULL, *right = NULL, *node;

	if (depth > 0) {
		left = make_tree(depth - 1);
		right = make_tree(depth - 1);
	}
	node = new_object(sizeof(*node), false);
	node->left = left;
	node->right = right;
	return node;
}

static long count(const struct node *node)
{
	return node ? 1 + count(node->left) + count(node->right) : 0;
}

static bool construct(int depth, long rounds)
{
	long size = tree_size(depth), i;

	for (i = 0; i < rounds; i++) {
		struct node *tree = new_object(sizeof(*tree), false);

		populate(tree, depth);
		if (i % 16 == 0 && count(tree) != size)
			return false;
		tree = make_tree(depth);
		if (i % 16 == 0 && count(tree) != size)
			return false;
	}
	return true;
}

static const char *run(int thread, int threads, double scale)
{
	struct node *long_lived = new_object(sizeof(*long_lived), false);
	double *array = new_object(ARRAY * sizeof(*array), true);
	long rounds, i;
	int depth;

	populate(long_lived, LONG_LIVED_DEPTH);
	for (i = 0; i < ARRAY / 2; i++)
		array[i] = 1.0 / (i + 1);
	for (depth = MIN_DEPTH; depth <= LONG_LIVED_DEPTH; depth += 2) {
		rounds = scale * 2 * tree_size(STRETCH_DEPTH) / tree_size(depth) / threads;
		if (!construct(depth, rounds ? rounds : 1))
			return "a tree is not what was built";
	}
	if (!thread)
		memory->collect();
	if (count(long_lived) != tree_size(LONG_LIVED_DEPTH))
		return "the long-lived tree is damaged";
	return array[1000] == 1.0 / 1001 ? NULL : "the long-lived array is damaged";
}

const struct workload work_gcbench = { "gcbench", run };
