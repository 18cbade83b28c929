/* SANITIZED: 1 when the address or the thread sanitizer is on, which make everything some ten times slower. */
#ifndef QGAN_TESTS_SANITIZED_H
#define QGAN_TESTS_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
