/* NCCL's C interface on memory of the host, between processes, for tests: what it is given is checked as the header has it, and written to STUB_NCCL_LOG. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define SLOT (1 << 20)
#define MOST 8

typedef struct { char internal[128]; } ncclUniqueId;

struct shared {
    atomic_int arrived, round, aborted;
    char slot[MOST][SLOT];
};

struct comm {
    struct shared *all;
    int rank, size, used;
};

static char last[256];

static int type_size(int type) {
    switch (type) {
    case 1: return 1;          /* ncclUint8 */
    case 4: case 8: return 8;  /* ncclInt64, ncclFloat64 */
    case 7: return 4;          /* ncclFloat32 */
    default: return 0;
    }
}

static void note(const char *text) {
    const char *path = getenv("STUB_NCCL_LOG");
    if (!path) return;
    int file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0600);
    if (file < 0) return;
    if (write(file, text, strlen(text)) < 0) abort();
    close(file);
}

/* As Failure.cs tells it. */
static void tell(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    fprintf(stderr, "failing at %lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
}

/* STUB_NCCL_FAIL=ncclAllReduce:5 has that function fail with that result. */
static int failure(const char *function) {
    const char *asked = getenv("STUB_NCCL_FAIL");
    size_t length = strlen(function);
    if (!asked || strncmp(asked, function, length) || asked[length] != ':') return 0;
    snprintf(last, sizeof last, "the stub was told to fail in %s", function);
    tell();
    return atoi(asked + length + 1);
}

static void meet(struct comm *c) {
    struct timespec pause = {0, 50000};
    int round = atomic_load(&c->all->round);
    if (atomic_fetch_add(&c->all->arrived, 1) == c->size - 1) {
        atomic_store(&c->all->arrived, 0);
        atomic_fetch_add(&c->all->round, 1);
        return;
    }
    while (atomic_load(&c->all->round) == round && !atomic_load(&c->all->aborted)) nanosleep(&pause, 0);
}

int ncclGetVersion(int *version) { *version = 22705; return 0; }

const char *ncclGetErrorString(int result) {
    switch (result) {
    case 0: return "no error";
    case 4: return "invalid argument";
    case 5: return "invalid usage";
    case 6: return "remote process exited or there was a network error";
    default: return "unknown result code";
    }
}

const char *ncclGetLastError(struct comm *c) { (void)c; return last; }

int ncclGetUniqueId(ncclUniqueId *id) {
    int result = failure("ncclGetUniqueId");
    if (result) return result;
    const char *folder = getenv("STUB_NCCL_FOLDER");
    memset(id, 0, sizeof *id);
    snprintf(id->internal, 64, "%.40s/nccl-%d", folder ? folder : "/tmp", getpid());
    for (int i = 64; i < 128; i++) id->internal[i] = (char)(7 * i);
    return 0;
}

int ncclCommInitRank(struct comm **made, int size, ncclUniqueId id, int rank) {
    int result = failure("ncclCommInitRank");
    if (result) return result;
    for (int i = 64; i < 128; i++)
        if (id.internal[i] != (char)(7 * i)) {
            snprintf(last, sizeof last, "byte %d of the id is wrong", i);
            return 4;
        }
    if (size > MOST || rank < 0 || rank >= size) return 4;
    int file = open(id.internal, O_RDWR | O_CREAT, 0600);
    if (file < 0 || ftruncate(file, sizeof(struct shared))) return 2;
    struct comm *c = calloc(1, sizeof *c);
    c->all = mmap(0, sizeof(struct shared), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    c->rank = rank;
    c->size = size;
    meet(c);
    *made = c;
    note("ncclCommInitRank\n");
    return 0;
}

static int begin(const char *function, struct comm *c, size_t count, int type, const char *place, void *stream) {
    char text[256];
    snprintf(text, sizeof text, "%s count %zu type %d %s stream %p\n", function, count, type, place, stream);
    note(text);
    c->used = 1;
    int result = failure(function);
    return result ? result : type_size(type) ? 0 : 4;
}

#define SUM(T) for (size_t i = 0; i < n / sizeof(T); i++) { \
        T sum = 0; \
        for (int r = 0; r < c->size; r++) sum += ((T *)c->all->slot[r])[i]; \
        ((T *)(to + start))[i] = sum; }

int ncclAllReduce(const char *from, char *to, size_t count, int type, int op, struct comm *c, void *stream) {
    int result = begin("ncclAllReduce", c, count, type, from == to ? "in place" : "elsewhere", stream);
    if (result || op) return result ? result : 4;
    size_t bytes = count * type_size(type);
    for (size_t start = 0; start < bytes; start += SLOT) {
        size_t n = bytes - start < SLOT ? bytes - start : SLOT;
        memcpy(c->all->slot[c->rank], from + start, n);
        meet(c);
        switch (type) {
        case 1: SUM(uint8_t) break;
        case 4: SUM(int64_t) break;
        case 7: SUM(float) break;
        case 8: SUM(double) break;
        }
        meet(c);
    }
    return 0;
}

int ncclAllGather(const char *from, char *to, size_t count, int type, struct comm *c, void *stream) {
    size_t own = count * type_size(type);
    int result = begin("ncclAllGather", c, count, type, from == to + c->rank * own ? "in place" : "elsewhere", stream);
    if (result) return result;
    for (size_t start = 0; start < own; start += SLOT) {
        size_t n = own - start < SLOT ? own - start : SLOT;
        memcpy(c->all->slot[c->rank], from + start, n);
        meet(c);
        for (int r = 0; r < c->size; r++) memcpy(to + r * own + start, c->all->slot[r], n);
        meet(c);
    }
    return 0;
}

int ncclBroadcast(const char *from, char *to, size_t count, int type, int root, struct comm *c, void *stream) {
    int result = begin("ncclBroadcast", c, count, type, from == to ? "in place" : "elsewhere", stream);
    if (result) return result;
    size_t bytes = count * type_size(type);
    for (size_t start = 0; start < bytes; start += SLOT) {
        size_t n = bytes - start < SLOT ? bytes - start : SLOT;
        if (c->rank == root) memcpy(c->all->slot[root], from + start, n);
        meet(c);
        memcpy(to + start, c->all->slot[root], n);
        meet(c);
    }
    return 0;
}

/* STUB_NCCL_ASYNC=6: what was handed over fails later. */
int ncclCommGetAsyncError(struct comm *c, int *result) {
    const char *asked = getenv("STUB_NCCL_ASYNC");
    *result = c->used && asked ? atoi(asked) : 0;
    if (*result) tell();
    return 0;
}

int ncclCommDestroy(struct comm *c) { note("ncclCommDestroy\n"); munmap(c->all, sizeof(struct shared)); free(c); return 0; }

int ncclCommAbort(struct comm *c) { note("ncclCommAbort\n"); atomic_store(&c->all->aborted, 1); return 0; }
