// The program that the proofs in tests/usdt.rs watch. Before each of its static probes, it prints the arguments.
//
// Without an argument it runs through each probe once. With one it waits for lines, and answers each with its
// semaphore.

#define _SDT_HAS_SEMAPHORES 1
#include <stdint.h>
#include <stdio.h>
#include <sys/sdt.h>

#define SEMAPHORE(name) unsigned short shop_##name##_semaphore __attribute__((section(".probes")))
SEMAPHORE(sold);
SEMAPHORE(wide);
SEMAPHORE(constants);
SEMAPHORE(shelf);
SEMAPHORE(twice);

#define NOINLINE __attribute__((noinline, noclone))

struct shelf {
	int8_t c;
	uint8_t b[9];
	int16_t h;
	uint16_t u[5];
	int32_t i;
	int64_t q;
};

static NOINLINE void sold(int8_t a, uint8_t b, int16_t c, uint16_t d, int32_t e, uint32_t f)
{
	printf("shop:sold(%d, %d, %d, %d, %d, %u)\n", a, b, c, d, e, f);
	DTRACE_PROBE6(shop, sold, a, b, c, d, e, f);
}

static NOINLINE void wide(int64_t a, uint64_t b, const void *c)
{
	printf("shop:wide(%lld, %llu, %llu)\n", (long long)a, (unsigned long long)b, (unsigned long long)(uintptr_t)c);
	DTRACE_PROBE3(shop, wide, a, b, c);
}

static NOINLINE void constants(void)
{
	printf("shop:constants(42, -7, -70000)\n");
	DTRACE_PROBE3(shop, constants, 42, -7, -70000L);
}

static NOINLINE void shelf(struct shelf *s, int32_t *a, uint16_t *b, size_t n)
{
	struct shelf own = *s;
	__asm__ volatile("" :: "r"(&own) : "memory");
	printf("shop:shelf(%d, %d, %d, %d, %d, %lld, %d, %d, %d)\n", s->c, s->b[3], s->h, s->u[2], s->i, (long long)s->q,
	       a[n], b[n + 1], own.b[n]);
	DTRACE_PROBE9(shop, shelf, s->c, s->b[3], s->h, s->u[2], s->i, s->q, a[n], b[n + 1], own.b[n]);
}

// One name at two places, with different operands.
static NOINLINE void twice(int a, struct shelf *s)
{
	printf("shop:twice(%d, %d)\n", a, s->h);
	DTRACE_PROBE2(shop, twice, a, s->h);
	int product = a * 3;
	__asm__ volatile("" : "+r"(product));
	printf("shop:twice(%lld, %d)\n", (long long)s->q, product);
	DTRACE_PROBE2(shop, twice, s->q, product);
}

int main(int count, char **words)
{
	char line[80];
	(void)words;
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (count > 1) {
		while (fgets(line, sizeof line, stdin))
			printf("%d\n", *(volatile unsigned short *)&shop_sold_semaphore);
		return 0;
	}
	volatile int n = 2;
	struct shelf s = {-99, {1, 2, 3, 200, 5, 6, 7, 8, 9}, -30000, {1, 2, 60000, 4, 5}, -2000000000, INT64_MIN + 5};
	int32_t a[4] = {1, 2, -1900000000, 4};
	uint16_t b[4] = {1, 2, 3, 65001};
	sold(-107, 166, -23613, 53985, -1516993677, 2592831597u);
	wide(-9007199254740993, 17429415402405713928u, &s);
	constants();
	shelf(&s, a, b, n);
	twice(-700000000, &s);
	return 3;
}
