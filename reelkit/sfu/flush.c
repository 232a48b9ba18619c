/*
 * Preloaded into Janus: flushes every stdio output stream a few times a second.
 *
 * Janus writes its .mjr recordings through stdio in blocks of 4096 bytes. A talking Opus stream fills such a block in
 * one to two seconds and a muted one in up to twenty, so without this a live renderer would have to lag by that much
 * and a killed Janus would lose it. fflush(NULL) locks each stream as fwrite does, so frames are never torn.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_INTERVAL_MS 50

static void *flush_forever(void *unused)
{
	(void)unused;
	const char *configured = getenv("REELKIT_FLUSH_INTERVAL_MS");
	int interval_ms = configured ? atoi(configured) : DEFAULT_INTERVAL_MS;
	if (interval_ms < 10)
		interval_ms = DEFAULT_INTERVAL_MS;
	for (;;) {
		usleep((useconds_t)interval_ms * 1000);
		fflush(NULL);
	}
	return NULL;
}

__attribute__((constructor)) static void start_flushing(void)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_create(&thread, &attributes, flush_forever, NULL);
	pthread_attr_destroy(&attributes);
}
