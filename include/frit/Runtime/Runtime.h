/*===- Runtime.h - runs bundles: the C interface --------------------------===*\
|*
|* Part of frit, under the Apache License v2.0 with LLVM Exceptions.
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
|*
|*===----------------------------------------------------------------------===*
|*
|* Everything a program needs to have a compiled model write text; C99. See
|* test/unit/Runtime/example.c for a complete program (installed: share/doc/frit/examples).
|*
|*   frit_model *model;                                     // a bundle, shared by sessions
|*   frit_session *session;                                 // caches and threads
|*   frit_model_open("model.frit", NULL, &model);
|*   frit_session_create(model, NULL, &session);
|*   frit_eval(session, 0, prompt, promptCount, FRIT_LOGITS_LAST);
|*   frit_logits(session, -1, &logits);
|*
|* A bundle contains machine code: opening one executes what is in it, as starting a program does.
|*
|* Errors. Functions return FRIT_OK or why they did nothing; frit_last_error() then has the message.
|* Null for a handle or a required pointer is an error like any other. Out parameters are written
|* only on success, unless said otherwise.
|*
|* Threads. A model may be used by any number of threads at once; a session, sampler or decoder by
|* one at a time, except for frit_cancel(). Handles may be freed in any order: a session keeps what
|* it needs of its model. After fork() a child must not use the sessions of its parent.
|*
|* Options. A null pointer, and a 0 in a field, stand for the default. `size` is sizeof() of the
|* structure as the caller knows it, so that fields can be added at the end:
|*   frit_session_options options = {sizeof(options)};
|*   options.threads = 4;
|*
\*===----------------------------------------------------------------------===*/

#ifndef FRIT_RUNTIME_RUNTIME_H
#define FRIT_RUNTIME_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FRIT_API __attribute__((visibility("default")))
#else
#define FRIT_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Names as C libraries write them. NOLINTBEGIN(readability-identifier-naming) */

typedef enum frit_status {
  FRIT_OK = 0,
  FRIT_ERROR = 1,            /**< see frit_last_error() */
  FRIT_CONTEXT_FULL = 2,     /**< the tokens do not fit into the session's context */
  FRIT_CANCELLED = 3,        /**< frit_cancel() was called */
  FRIT_BUFFER_TOO_SMALL = 4, /**< the count out parameter says how much is needed */
  FRIT_OUT_OF_MEMORY = 5
} frit_status;

/** The message of this thread's last call that failed: one line, lower case; "" if none did. Valid
 *  until the thread's next call. */
FRIT_API const char *frit_last_error(void);

/** "0.1.0" */
FRIT_API const char *frit_version(void);

/*===----------------------------------------------------------------------===*\
|* Models
\*===----------------------------------------------------------------------===*/

typedef struct frit_model frit_model;

typedef struct frit_model_options {
  size_t size;
  /** 1: copy the weights into huge pages. Streams them faster; takes their size in memory that is
   *  not shared with other processes. */
  int32_t huge_pages;
} frit_model_options;

/** Opens a bundle. Checks all of it (hashes, version, CPU features) before its code is loaded; the
 *  message names file and reason. */
FRIT_API frit_status frit_model_open(const char *path, const frit_model_options *options,
                                     frit_model **model);
/** Null is allowed, as in all functions that free. */
FRIT_API void frit_model_close(frit_model *model);

typedef struct frit_model_info {
  size_t size; /**< set by the caller */
  /* Texts belong to the model. */
  const char *name;
  const char *architecture; /**< "llama" */
  const char *target;       /**< the machine it was compiled for, "avx512-vnni" */
  const char *frit_version; /**< of the compiler */
  const char *llvm_version;
  const char *source_file;
  int64_t context_length; /**< tokens the model was trained for */
  int64_t vocabulary;     /**< logits a token; ids are below it */
  int64_t layers;
  int64_t hidden;
  int64_t kv_bytes_per_token; /**< of the caches of all layers */
  int64_t weights_bytes;      /**< packed */
  int64_t bundle_bytes;
  int32_t has_tokenizer;     /**< 0: only token ids go in and out; the fields below are "" and -1 */
  const char *chat_template; /**< a Jinja text; frit_chat() runs it */
  /* What templates call bos_token, eos_token, unk_token and pad_token; -1: there is none. */
  int32_t bos_id;
  int32_t eos_id;
  int32_t unknown_id;
  int32_t pad_id;
} frit_model_info;

FRIT_API frit_status frit_model_get_info(const frit_model *model, frit_model_info *info);

/** The bundle's manifest, JSON. Belongs to the model. */
FRIT_API frit_status frit_model_manifest(const frit_model *model, const char **json);

/*===----------------------------------------------------------------------===*\
|* Text
\*===----------------------------------------------------------------------===*/

enum {
  FRIT_PARSE_SPECIAL = 1, /**< encode: "<|im_end|>" is that token, not its characters */
  FRIT_ADD_BOS = 2,       /**< encode: begin as the vocabulary asks for */
  FRIT_SKIP_SPECIAL = 4   /**< decode: leave out control tokens */
};

/** Text (UTF-8; `bytes` long, may hold zeros) to ids. Writes the number of ids to `count` also when
 *  it is more than `capacity` (FRIT_BUFFER_TOO_SMALL; nothing is written to `ids`, which may then
 * be null). */
FRIT_API frit_status frit_encode(const frit_model *model, const char *text, size_t bytes, int flags,
                                 int32_t *ids, size_t capacity, size_t *count);

/** Ids to text, valid UTF-8 without a zero at the end; `bytes` as `count` of frit_encode(). */
FRIT_API frit_status frit_decode(const frit_model *model, const int32_t *ids, size_t count,
                                 int flags, char *text, size_t capacity, size_t *bytes);

/** Decodes while tokens arrive: characters come when all of their bytes have. */
typedef struct frit_decoder frit_decoder;
FRIT_API frit_status frit_decoder_create(const frit_model *model, int flags,
                                         frit_decoder **decoder);
FRIT_API void frit_decoder_free(frit_decoder *decoder);
/** The text that the token completes, often "". Zero-terminated (`bytes` may be null); valid until
 *  the decoder's next call. */
FRIT_API frit_status frit_decoder_push(frit_decoder *decoder, int32_t id, const char **text,
                                       size_t *bytes);
/** What is left of an incomplete character. */
FRIT_API frit_status frit_decoder_finish(frit_decoder *decoder, const char **text, size_t *bytes);

typedef struct frit_chat_message {
  const char *role; /**< "system", "user" or "assistant" */
  const char *content;
} frit_chat_message;

/** Renders a conversation with the model's chat template, to be encoded with FRIT_PARSE_SPECIAL and
 *  without FRIT_ADD_BOS. `bytes` as in frit_decode(). Fails if the model has no template, if the
 *  template refuses the conversation, and if it uses Jinja that frit does not know. */
FRIT_API frit_status frit_chat(const frit_model *model, const frit_chat_message *messages,
                               size_t count, int add_generation_prompt, char *text, size_t capacity,
                               size_t *bytes);

/** Whether generation ends after a token. */
FRIT_API frit_status frit_is_end(const frit_model *model, int32_t id, int *is_end);

/*===----------------------------------------------------------------------===*\
|* Sessions
\*===----------------------------------------------------------------------===*/

typedef struct frit_session frit_session;

typedef struct frit_session_options {
  size_t size;
  int64_t context; /**< tokens a slot has room for; default: the model's context length */
  int32_t slots;   /**< independent sequences; default: 1 */
  int32_t threads; /**< default: one a CPU this process may use; results do not depend on it */
} frit_session_options;

FRIT_API frit_status frit_session_create(const frit_model *model,
                                         const frit_session_options *options,
                                         frit_session **session);
FRIT_API void frit_session_free(frit_session *session);

typedef struct frit_session_info {
  size_t size; /**< set by the caller */
  int64_t context;
  int32_t slots;
  int32_t threads;
  int64_t kv_cache_bytes; /**< reserved; only what was used takes memory */
} frit_session_info;

FRIT_API frit_status frit_session_get_info(const frit_session *session, frit_session_info *info);

typedef enum frit_wanted {
  FRIT_LOGITS_NONE = 0,
  FRIT_LOGITS_LAST = 1, /**< of the last token */
  FRIT_LOGITS_ALL = 2   /**< of every token: 4 * vocabulary bytes each */
} frit_wanted;

/** Appends tokens to a slot and runs the model on them. Everything is checked first: on FRIT_ERROR
 *  and FRIT_CONTEXT_FULL the session is as it was. */
FRIT_API frit_status frit_eval(frit_session *session, int32_t slot, const int32_t *ids,
                               size_t count, frit_wanted wanted);

typedef struct frit_token {
  int32_t id;
  int32_t position; /**< the next one of its slot */
  int32_t slot;
  int32_t wanted; /**< 0 or 1: compute its logits */
} frit_token;

/** As frit_eval() for tokens of several slots at once. */
FRIT_API frit_status frit_eval_batch(frit_session *session, const frit_token *tokens, size_t count);

/** The logits (f32, one an id) of the index-th wanted token of the last evaluation; -1 is the last
 *  one. Valid until the session's next evaluation. */
FRIT_API frit_status frit_logits(const frit_session *session, int64_t index, const float **logits);
/** How many tokens of the last evaluation have logits. */
FRIT_API frit_status frit_logits_count(const frit_session *session, size_t *count);

/** Tokens in a slot. */
FRIT_API frit_status frit_length(const frit_session *session, int32_t slot, int32_t *length);
/** Forgets all but the first `length` tokens of a slot; 0 empties it. */
FRIT_API frit_status frit_truncate(frit_session *session, int32_t slot, int32_t length);

/** Makes the evaluation that runs, or else the next one, return FRIT_CANCELLED before its next
 * chunk of tokens; what was done stays in the slots (see frit_length()). May be called by any
 * thread and by signal handlers. */
FRIT_API void frit_cancel(frit_session *session);

typedef struct frit_timings {
  size_t size;            /**< set by the caller */
  double load_seconds;    /**< opening the model and creating the session */
  int64_t prefill_tokens; /**< evaluated together with others */
  double prefill_seconds;
  int64_t decode_tokens; /**< evaluated alone */
  double decode_seconds;
} frit_timings;

FRIT_API frit_status frit_get_timings(const frit_session *session, frit_timings *timings);
/** Prefill and decode begin again at 0. */
FRIT_API frit_status frit_reset_timings(frit_session *session);

/** With `on` not 0, one thread looks at the clock after each step of the programs from now on. */
FRIT_API frit_status frit_measure_steps(frit_session *session, int32_t on);
/** Of the last chunk of tokens that was evaluated: the index of its program in the manifest, and
 *  the seconds of each step, with the wait for all threads behind it. `count` is 0 if it was not
 *  measured. Valid until the session's next evaluation. */
FRIT_API frit_status frit_step_seconds(const frit_session *session, size_t *program,
                                       const double **seconds, size_t *count);

/*===----------------------------------------------------------------------===*\
|* Sampling
\*===----------------------------------------------------------------------===*/

typedef struct frit_sampler frit_sampler;

/** Filters apply in the order of the fields from repeat_penalty to temperature, with llama.cpp's
 *  meaning. All 0, the default, is greedy: the largest logit, of equal ones the lowest id. */
typedef struct frit_sampler_options {
  size_t size;
  float repeat_penalty; /**< 0 and 1: none */
  int32_t repeat_last;  /**< tokens the penalty looks back on; default: 64 */
  int32_t top_k;        /**< the k likeliest; 0: all */
  float top_p;          /**< the likeliest that add up to p; 0 and 1: all */
  float min_p;          /**< those at least p times as likely as the likeliest; 0: all */
  float temperature;    /**< 0: the likeliest */
  uint32_t seed;        /**< the same logits and seed give the same tokens everywhere */
} frit_sampler_options;

FRIT_API frit_status frit_sampler_create(const frit_sampler_options *options,
                                         frit_sampler **sampler);
FRIT_API void frit_sampler_free(frit_sampler *sampler);
/** Picks from the logits that frit_logits() gives for the same index. */
FRIT_API frit_status frit_sample(frit_sampler *sampler, const frit_session *session, int64_t index,
                                 int32_t *id);
/** Tells the repeat penalty of tokens of the sequence: of the prompt, and each sampled one. */
FRIT_API frit_status frit_sampler_accept(frit_sampler *sampler, const int32_t *ids, size_t count);
/** No history, the seed's first number next. */
FRIT_API frit_status frit_sampler_reset(frit_sampler *sampler);

/* NOLINTEND(readability-identifier-naming) */

#ifdef __cplusplus
} // extern "C"
#endif

#endif /* FRIT_RUNTIME_RUNTIME_H */
