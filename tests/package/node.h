struct node {
	struct node *next;
	long value;
};
