/* Structs that the traced program and the probe share: the program's own struct, and two of Linux. */

typedef __SIZE_TYPE__ size_t;

struct iovec {
	void *iov_base;
	size_t iov_len;
};

struct timespec {
	long tv_sec;
	long tv_nsec;
};

/* The argument of `int submit(const struct transfer *transfer)`. */
struct transfer {
	char direction;
	unsigned char urgent : 1;
	unsigned char retries : 3;
	long long offset;
	struct timespec timeout;
	const struct iovec *parts;
	size_t count;
	const char *names[2];
	void (*done)(struct transfer *transfer, int status);
};
