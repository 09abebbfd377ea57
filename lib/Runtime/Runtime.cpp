//===- Runtime.cpp - runs bundles: the C interface ------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "frit/Runtime/Runtime.h"

#include "lib/Runtime/Sampler.h"
#include "lib/Runtime/Session.h"
#include "lib/Runtime/Tokenizer/ChatTemplate.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>

using namespace frit;

using Seconds = std::chrono::duration<double>;

struct frit_model {
  std::shared_ptr<const Model> model;
  Seconds load;
};
struct frit_session {
  std::unique_ptr<Session> session;
  Seconds load;
  std::vector<BatchToken> batch; ///< reused from call to call
};
struct frit_sampler {
  Sampler sampler;
};
struct frit_decoder {
  std::shared_ptr<const Model> model;
  StreamDecoder decoder;
  std::string text;
};

//===----------------------------------------------------------------------===//
// Errors and options
//===----------------------------------------------------------------------===//

/// Of fixed size: it has to be there when memory is not, and needs no destructor at a thread's end.
static thread_local char lastError[2048] = "";

static frit_status fail(frit_status status, std::string_view message) {
  size_t length = std::min(message.size(), sizeof(lastError) - 1);
  std::memcpy(lastError, message.data(), length);
  lastError[length] = '\0';
  return status;
}

static frit_status fail(std::string_view message) { return fail(FRIT_ERROR, message); }
static frit_status failNull(std::string_view what) {
  return fail(std::string(what).append(" is null"));
}

/// No exception leaves the library.
template <typename Function>
static frit_status guard(Function function) noexcept {
  try {
    return function();
  } catch (const std::bad_alloc &) {
    return fail(FRIT_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &exception) {
    return fail(exception.what());
  }
}

/// Far beyond any version of a structure: a size of more was never set.
static constexpr size_t maxStructureBytes = 4096;

/// Copies what the caller's version of the structure has; the rest is 0, the default.
template <typename Options>
static frit_status readOptions(const Options *given, Options &options) {
  options = {};
  if (!given)
    return FRIT_OK;
  size_t size = given->size;
  if (size < sizeof(size_t) || size > maxStructureBytes)
    return fail("the field size of the options is not set");
  const auto *bytes = reinterpret_cast<const char *>(given);
  if (size > sizeof(Options) &&
      std::any_of(bytes + sizeof(Options), bytes + size, [](char byte) { return byte != 0; }))
    return fail("the options have fields that this version does not know");
  std::memcpy(static_cast<void *>(&options), bytes, std::min(size, sizeof(Options)));
  return FRIT_OK;
}

template <typename Info>
static frit_status writeInfo(Info filled, Info *info) {
  if (!info)
    return failNull("info");
  size_t size = info->size;
  if (size < sizeof(size_t) || size > maxStructureBytes)
    return fail("the field size of the structure is not set");
  filled.size = size;
  std::memcpy(static_cast<void *>(info), &filled, std::min(size, sizeof(Info)));
  return FRIT_OK;
}

/// Hands out `source` as the functions with capacity and count do.
template <typename Element>
static frit_status writeArray(std::span<const Element> source, Element *target, size_t capacity,
                              size_t *count) {
  *count = source.size();
  if (source.size() > capacity)
    return fail(FRIT_BUFFER_TOO_SMALL, "the buffer is too small");
  if (!source.empty() && !target)
    return failNull("buffer");
  std::copy(source.begin(), source.end(), target);
  return FRIT_OK;
}

const char *frit_last_error(void) { return lastError; }
const char *frit_version(void) { return FRIT_VERSION; }

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

frit_status frit_model_open(const char *path, const frit_model_options *given, frit_model **model) {
  return guard([&] {
    if (!path || !model)
      return failNull(path ? "model" : "path");
    frit_model_options options;
    if (frit_status status = readOptions(given, options); status != FRIT_OK)
      return status;
    auto begin = std::chrono::steady_clock::now();
    auto opened = Model::open(path, {.hugePages = options.huge_pages != 0});
    if (!opened)
      return fail(opened.error());
    *model = new frit_model{*std::move(opened), std::chrono::steady_clock::now() - begin};
    return FRIT_OK;
  });
}

void frit_model_close(frit_model *model) { delete model; }

frit_status frit_model_get_info(const frit_model *model, frit_model_info *info) {
  if (!model)
    return failNull("model");
  const Manifest &manifest = model->model->manifest();
  frit_model_info filled = {};
  filled.name = manifest.modelName.c_str();
  filled.architecture = manifest.architecture.c_str();
  filled.target = manifest.targetName.c_str();
  filled.frit_version = manifest.fritVersion.c_str();
  filled.llvm_version = manifest.llvmVersion.c_str();
  filled.source_file = manifest.sourceFile.c_str();
  filled.context_length = manifest.contextLength;
  filled.vocabulary = manifest.vocabulary;
  filled.layers = manifest.layers;
  filled.hidden = manifest.hidden;
  filled.kv_bytes_per_token = manifest.kvBytesPerToken();
  filled.weights_bytes = static_cast<int64_t>(model->model->packsBytes());
  filled.bundle_bytes = static_cast<int64_t>(model->model->fileBytes());
  filled.chat_template = "";
  filled.bos_id = filled.eos_id = filled.unknown_id = filled.pad_id = -1;
  if (const Tokenizer *tokenizer = model->model->tokenizer()) {
    const TokenizerData &vocabulary = tokenizer->data();
    filled.has_tokenizer = 1;
    filled.chat_template = vocabulary.chatTemplate.c_str();
    filled.bos_id = vocabulary.bosId.value_or(-1);
    filled.eos_id = vocabulary.eosId.value_or(-1);
    filled.unknown_id = vocabulary.unknownId.value_or(-1);
    filled.pad_id = vocabulary.padId.value_or(-1);
  }
  return writeInfo(filled, info);
}

frit_status frit_model_manifest(const frit_model *model, const char **json) {
  if (!model || !json)
    return failNull(model ? "json" : "model");
  *json = model->model->manifestText().c_str();
  return FRIT_OK;
}

//===----------------------------------------------------------------------===//
// Text
//===----------------------------------------------------------------------===//

/// Null, with the message set, if there is no model or it has no tokenizer.
static const Tokenizer *tokenizerOf(const frit_model *model) {
  if (!model)
    failNull("model");
  else if (!model->model->tokenizer())
    fail(model->model->whyNoTokenizer().empty()
             ? "the bundle has no tokenizer: only token ids go in and out"
             : model->model->whyNoTokenizer() + "; only token ids go in and out");
  else
    return model->model->tokenizer();
  return nullptr;
}

frit_status frit_encode(const frit_model *model, const char *text, size_t bytes, int flags,
                        int32_t *ids, size_t capacity, size_t *count) {
  return guard([&] {
    const Tokenizer *tokenizer = tokenizerOf(model);
    if (!tokenizer)
      return FRIT_ERROR;
    if ((!text && bytes > 0) || !count)
      return failNull(count ? "text" : "count");
    auto encoded =
        tokenizer->encode({text, bytes}, {.parseSpecial = (flags & FRIT_PARSE_SPECIAL) != 0,
                                          .addBos = (flags & FRIT_ADD_BOS) != 0});
    if (!encoded)
      return fail(encoded.error());
    return writeArray(std::span<const int32_t>(*encoded), ids, capacity, count);
  });
}

static DecodeOptions decodeOptions(int flags) {
  return {.skipSpecial = (flags & FRIT_SKIP_SPECIAL) != 0};
}

frit_status frit_decode(const frit_model *model, const int32_t *ids, size_t count, int flags,
                        char *text, size_t capacity, size_t *bytes) {
  return guard([&] {
    const Tokenizer *tokenizer = tokenizerOf(model);
    if (!tokenizer)
      return FRIT_ERROR;
    if ((!ids && count > 0) || !bytes)
      return failNull(bytes ? "ids" : "bytes");
    std::string decoded = tokenizer->decode({ids, count}, decodeOptions(flags));
    return writeArray(std::span<const char>(decoded), text, capacity, bytes);
  });
}

frit_status frit_decoder_create(const frit_model *model, int flags, frit_decoder **decoder) {
  return guard([&] {
    const Tokenizer *tokenizer = tokenizerOf(model);
    if (!tokenizer)
      return FRIT_ERROR;
    if (!decoder)
      return failNull("decoder");
    *decoder = new frit_decoder{model->model, StreamDecoder(*tokenizer, decodeOptions(flags)), {}};
    return FRIT_OK;
  });
}

void frit_decoder_free(frit_decoder *decoder) { delete decoder; }

static frit_status writeText(frit_decoder *decoder, std::string decoded, const char **text,
                             size_t *bytes) {
  decoder->text = std::move(decoded);
  *text = decoder->text.c_str();
  if (bytes)
    *bytes = decoder->text.size();
  return FRIT_OK;
}

frit_status frit_decoder_push(frit_decoder *decoder, int32_t id, const char **text, size_t *bytes) {
  return guard([&] {
    if (!decoder || !text)
      return failNull(decoder ? "text" : "decoder");
    return writeText(decoder, decoder->decoder.push(id), text, bytes);
  });
}

frit_status frit_decoder_finish(frit_decoder *decoder, const char **text, size_t *bytes) {
  return guard([&] {
    if (!decoder || !text)
      return failNull(decoder ? "text" : "decoder");
    return writeText(decoder, decoder->decoder.finish(), text, bytes);
  });
}

frit_status frit_chat(const frit_model *model, const frit_chat_message *messages, size_t count,
                      int addGenerationPrompt, char *text, size_t capacity, size_t *bytes) {
  return guard([&] {
    const Tokenizer *tokenizer = tokenizerOf(model);
    if (!tokenizer)
      return FRIT_ERROR;
    if ((!messages && count > 0) || !bytes)
      return failNull(bytes ? "messages" : "bytes");
    std::vector<ChatTemplate::Message> conversation;
    for (const frit_chat_message &message : std::span(messages, count)) {
      if (!message.role || !message.content)
        return failNull(message.role ? "content of a message" : "role of a message");
      conversation.push_back({message.role, message.content});
    }
    auto chat = ChatTemplate::parse(tokenizer->data().chatTemplate);
    if (!chat)
      return fail(chat.error());
    const TokenizerData &data = tokenizer->data();
    auto tokenText = [&](std::optional<int32_t> id) {
      return id ? std::optional(data.tokens[static_cast<size_t>(*id)]) : std::nullopt;
    };
    auto rendered = chat->render(
        conversation, addGenerationPrompt != 0,
        {.bosToken = tokenText(data.bosId), .eosToken = tokenText(data.eosId), .now = {}});
    if (!rendered)
      return fail(rendered.error());
    return writeArray(std::span<const char>(*rendered), text, capacity, bytes);
  });
}

frit_status frit_is_end(const frit_model *model, int32_t id, int *isEnd) {
  const Tokenizer *tokenizer = tokenizerOf(model);
  if (!tokenizer)
    return FRIT_ERROR;
  if (!isEnd)
    return failNull("is_end");
  *isEnd = tokenizer->isEndOfGeneration(id);
  return FRIT_OK;
}

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

frit_status frit_session_create(const frit_model *model, const frit_session_options *given,
                                frit_session **session) {
  return guard([&] {
    if (!model || !session)
      return failNull(model ? "session" : "model");
    frit_session_options options;
    if (frit_status status = readOptions(given, options); status != FRIT_OK)
      return status;
    auto begin = std::chrono::steady_clock::now();
    auto created = Session::create(model->model, {.context = options.context,
                                                  .slots = options.slots ? options.slots : 1,
                                                  .threads = options.threads});
    if (!created)
      return fail(created.error());
    *session = new frit_session{
        *std::move(created), model->load + (std::chrono::steady_clock::now() - begin), {}};
    return FRIT_OK;
  });
}

void frit_session_free(frit_session *session) { delete session; }

frit_status frit_session_get_info(const frit_session *handle, frit_session_info *info) {
  if (!handle)
    return failNull("session");
  const Session &session = *handle->session;
  frit_session_info filled = {};
  filled.context = session.context();
  filled.slots = session.slots();
  filled.threads = session.threads();
  filled.kv_cache_bytes = static_cast<int64_t>(session.cacheBytes());
  return writeInfo(filled, info);
}

/// Sets the message unless the slot exists.
static bool hasSlot(const Session &session, int32_t slot) {
  if (slot >= 0 && slot < session.slots())
    return true;
  fail(Failure("expected a slot from 0 to ", session.slots() - 1, ", found ", slot).message());
  return false;
}

static frit_status evaluate(frit_session *handle) {
  Status status = handle->session->evaluate(handle->batch);
  if (status)
    return FRIT_OK;
  switch (handle->session->outcome()) {
  case Session::Outcome::ContextFull:
    return fail(FRIT_CONTEXT_FULL, status.error());
  case Session::Outcome::OutOfMemory:
    return fail(FRIT_OUT_OF_MEMORY, status.error());
  case Session::Outcome::Cancelled:
    return fail(FRIT_CANCELLED, status.error());
  case Session::Outcome::Done:
  case Session::Outcome::Invalid:
    break;
  }
  return fail(status.error());
}

frit_status frit_eval(frit_session *handle, int32_t slot, const int32_t *ids, size_t count,
                      frit_wanted wanted) {
  return guard([&] {
    if (!handle || !ids)
      return failNull(handle ? "ids" : "session");
    if (!hasSlot(*handle->session, slot))
      return FRIT_ERROR;
    if (count == 0)
      return fail("expected at least one token");
    int64_t length = handle->session->length(slot), context = handle->session->context();
    if (count > static_cast<size_t>(context - length))
      return fail(FRIT_CONTEXT_FULL, Failure(count, " tokens after ", length,
                                             " do not fit into the session's context of ", context)
                                         .message());
    handle->batch.clear();
    for (size_t i = 0; i < count; ++i) {
      bool last = i + 1 == count;
      handle->batch.push_back({ids[i], static_cast<int32_t>(length + static_cast<int64_t>(i)), slot,
                               wanted == FRIT_LOGITS_ALL || (wanted == FRIT_LOGITS_LAST && last)});
    }
    return evaluate(handle);
  });
}

frit_status frit_eval_batch(frit_session *handle, const frit_token *tokens, size_t count) {
  return guard([&] {
    if (!handle || !tokens)
      return failNull(handle ? "tokens" : "session");
    if (count == 0)
      return fail("expected at least one token");
    handle->batch.clear();
    for (const frit_token &token : std::span(tokens, count))
      handle->batch.push_back({token.id, token.position, token.slot, token.wanted != 0});
    return evaluate(handle);
  });
}

frit_status frit_logits(const frit_session *handle, int64_t index, const float **logits) {
  return guard([&] {
    if (!handle || !logits)
      return failNull(handle ? "logits" : "session");
    auto count = static_cast<int64_t>(handle->session->logitsCount());
    int64_t row = index < 0 ? index + count : index;
    if (row < 0 || row >= count)
      return fail(Failure("logits ", index, " of ", count, " of the last evaluation").message());
    *logits = handle->session->logits(static_cast<size_t>(row)).data();
    return FRIT_OK;
  });
}

frit_status frit_logits_count(const frit_session *handle, size_t *count) {
  if (!handle || !count)
    return failNull(handle ? "count" : "session");
  *count = handle->session->logitsCount();
  return FRIT_OK;
}

frit_status frit_length(const frit_session *handle, int32_t slot, int32_t *length) {
  return guard([&] {
    if (!handle || !length)
      return failNull(handle ? "length" : "session");
    if (!hasSlot(*handle->session, slot))
      return FRIT_ERROR;
    *length = handle->session->length(slot);
    return FRIT_OK;
  });
}

frit_status frit_truncate(frit_session *handle, int32_t slot, int32_t length) {
  return guard([&] {
    if (!handle)
      return failNull("session");
    if (!hasSlot(*handle->session, slot))
      return FRIT_ERROR;
    if (length < 0)
      return fail(Failure("expected a length from 0, found ", length).message());
    handle->session->truncate(slot, length);
    return FRIT_OK;
  });
}

void frit_cancel(frit_session *session) {
  if (session)
    session->session->cancel();
}

frit_status frit_get_timings(const frit_session *handle, frit_timings *timings) {
  if (!handle)
    return failNull("session");
  const Session::Timings &times = handle->session->timings();
  frit_timings filled = {};
  filled.load_seconds = handle->load.count();
  filled.prefill_tokens = times.prefillTokens;
  filled.prefill_seconds = Seconds(times.prefill).count();
  filled.decode_tokens = times.decodeTokens;
  filled.decode_seconds = Seconds(times.decode).count();
  return writeInfo(filled, timings);
}

frit_status frit_reset_timings(frit_session *handle) {
  if (!handle)
    return failNull("session");
  handle->session->resetTimings();
  return FRIT_OK;
}

frit_status frit_measure_steps(frit_session *handle, int32_t on) {
  if (!handle)
    return failNull("session");
  handle->session->measureSteps(on != 0);
  return FRIT_OK;
}

frit_status frit_step_seconds(const frit_session *handle, size_t *program, const double **seconds,
                              size_t *count) {
  if (!handle)
    return failNull("session");
  if (!program || !seconds || !count)
    return failNull(!program ? "program" : !seconds ? "seconds" : "count");
  *program = handle->session->lastProgram();
  *seconds = handle->session->stepSeconds().data();
  *count = handle->session->stepSeconds().size();
  return FRIT_OK;
}

//===----------------------------------------------------------------------===//
// Sampling
//===----------------------------------------------------------------------===//

frit_status frit_sampler_create(const frit_sampler_options *given, frit_sampler **sampler) {
  return guard([&] {
    if (!sampler)
      return failNull("sampler");
    frit_sampler_options options;
    if (frit_status status = readOptions(given, options); status != FRIT_OK)
      return status;
    SamplerOptions chosen;
    chosen.repeatPenalty =
        options.repeat_penalty == 0 ? chosen.repeatPenalty : options.repeat_penalty;
    chosen.repeatWindow = options.repeat_last == 0 ? chosen.repeatWindow : options.repeat_last;
    chosen.topK = options.top_k;
    chosen.topP = options.top_p == 0 ? chosen.topP : options.top_p;
    chosen.minP = options.min_p;
    chosen.temperature = options.temperature;
    chosen.seed = options.seed;
    auto created = Sampler::create(chosen);
    if (!created)
      return fail(created.error());
    *sampler = new frit_sampler{*std::move(created)};
    return FRIT_OK;
  });
}

void frit_sampler_free(frit_sampler *sampler) { delete sampler; }

frit_status frit_sample(frit_sampler *sampler, const frit_session *session, int64_t index,
                        int32_t *id) {
  return guard([&] {
    if (!sampler || !id)
      return failNull(sampler ? "id" : "sampler");
    const float *logits;
    if (frit_status status = frit_logits(session, index, &logits); status != FRIT_OK)
      return status;
    auto vocabulary = static_cast<size_t>(session->session->model().manifest().vocabulary);
    int32_t chosen = sampler->sampler.sample({logits, vocabulary});
    if (!std::isfinite(logits[static_cast<size_t>(chosen)]))
      return fail("expected numbers as logits, found none; are weights of the model damaged?");
    *id = chosen;
    return FRIT_OK;
  });
}

frit_status frit_sampler_accept(frit_sampler *sampler, const int32_t *ids, size_t count) {
  return guard([&] {
    if (!sampler || (!ids && count > 0))
      return failNull(sampler ? "ids" : "sampler");
    for (int32_t id : std::span(ids, count))
      sampler->sampler.accept(id);
    return FRIT_OK;
  });
}

frit_status frit_sampler_reset(frit_sampler *sampler) {
  if (!sampler)
    return failNull("sampler");
  sampler->sampler.reset();
  return FRIT_OK;
}
