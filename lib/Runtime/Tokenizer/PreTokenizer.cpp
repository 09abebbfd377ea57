//===- PreTokenizer.cpp - splits text into the words BPE works on ---------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Runtime/Tokenizer/PreTokenizer.h"
#include "lib/Runtime/Tokenizer/Utf8.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <span>
#include <string>
#include <utility>

using namespace frit;

//===----------------------------------------------------------------------===//
// The families
//===----------------------------------------------------------------------===//

// Contents of character classes. The reference knows Unicode 16 (its regex engine) and 17 (its
// digits); PCRE2 knows what its version knows (10.42: Unicode 14), so the letters and numbers
// added since stand here. test/unit/Tokenizer compares the classes of all code points.
#define LETTER                                                                                     \
  "\\p{L}\\x{1C89}\\x{1C8A}\\x{A7CB}-\\x{A7CD}\\x{A7DA}-\\x{A7DC}\\x{105C0}-\\x{105F3}"            \
  "\\x{10D4A}-\\x{10D65}\\x{10D6F}-\\x{10D85}\\x{10EC2}-\\x{10EC4}\\x{1123F}\\x{11240}"            \
  "\\x{11380}-\\x{11389}\\x{1138B}\\x{1138E}\\x{11390}-\\x{113B5}\\x{113B7}\\x{113D1}\\x{113D3}"   \
  "\\x{11BC0}-\\x{11BE0}\\x{11F02}\\x{11F04}-\\x{11F10}\\x{11F12}-\\x{11F33}\\x{1342F}"            \
  "\\x{13441}-\\x{13446}\\x{13460}-\\x{143FA}\\x{16100}-\\x{1611D}\\x{16D40}-\\x{16D6C}\\x{18CFF}" \
  "\\x{1B132}\\x{1B155}\\x{1DF25}-\\x{1DF2A}\\x{1E030}-\\x{1E06D}\\x{1E4D0}-\\x{1E4EB}"            \
  "\\x{1E5D0}-\\x{1E5ED}\\x{1E5F0}\\x{2B739}\\x{2EBF0}-\\x{2EE5D}\\x{31350}-\\x{323AF}"
#define NUMBER                                                                                     \
  "\\p{N}\\x{10D40}-\\x{10D49}\\x{116D0}-\\x{116E3}\\x{11BF0}-\\x{11BF9}\\x{11F50}-\\x{11F59}"     \
  "\\x{16130}-\\x{16139}\\x{16D70}-\\x{16D79}\\x{1CCF0}-\\x{1CCF9}\\x{1D2C0}-\\x{1D2D3}"           \
  "\\x{1E4F0}-\\x{1E4F9}\\x{1E5F1}-\\x{1E5FA}"
#define NUMBER_17 NUMBER "\\x{11DE0}-\\x{11DE9}\\x{16FF4}-\\x{16FF6}"
// Unicode's White_Space; PCRE2's own \s adds U+180E, which is none since Unicode 6.3.
#define SPACE                                                                                      \
  "\\x09-\\x0D\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}" \
  "\\x{3000}"

namespace {
struct Family {
  std::string_view name;
  bool wholeWords; ///< as PreTokenizer::wholeWords()
  bool composes;   ///< into normalization form C
  /// As a tokenizer.json spells them; applied one after the other: each cuts the words of the one
  /// before into its matches and what lies between them. A pattern never sees beyond the word it
  /// cuts.
  std::string_view patterns[3];
};
} // namespace

/// tiktoken's cl100k_base, of Llama 3 and GLM-4.
static constexpr std::string_view llama3Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";
/// The same with digits one by one.
static constexpr std::string_view qwen2Words =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|)"
    R"(\s*[\r\n]+|\s+(?!\S)|\s+)";

/// Numbers, Chinese and Japanese, and the rest one after the other: DeepSeek 3, Hunyuan.
static constexpr std::string_view numbers = R"(\p{N}{1,3})";
static constexpr std::string_view hanAndKana = "[一-龥\u3040-ゟ゠-ヿ]+";
static constexpr std::string_view deepseek3Words =
    R"re([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+|)re"
    R"re( ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)re";

// Of rows with the same patterns, the first names a tokenizer.json.
static constexpr Family families[] = {
    {"gpt-2", false, false, {byteLevelPattern}},
    {"llama-bpe", true, false, {llama3Words}},
    {"glm4", false, false, {llama3Words}},
    {"qwen2", false, true, {qwen2Words}},
    {"smollm", false, false, {singleDigitsPattern, byteLevelPattern}},
    {"deepseek-v3", false, false, {numbers, hanAndKana, deepseek3Words}},
    {"hunyuan-dense", false, false, {numbers, hanAndKana, deepseek3Words}},
    {"hunyuan", false, false, {qwen2Words}},
    {"chatglm-bpe", false, false, {llama3Words}},
    {"dbrx", false, false, {llama3Words}},
    {"smaug-bpe", false, false, {llama3Words}},
    {"refact", false, false, {R"(\p{N})", byteLevelPattern}},
};

/// What a tokenizer.json's classes of characters are here: the same as a class or inside of one.
static constexpr struct {
  std::string_view spelled, characters;
} characterClasses[] = {
    {R"(\p{L})", LETTER},
    {R"(\p{Letter})", LETTER},
    {R"(\p{N})", NUMBER},
    {R"(\p{Number})", NUMBER},
    {R"(\s)", SPACE},
    {R"(\d)", R"(\p{Nd})"},
    {singleDigitsPattern, NUMBER_17},
};

/// A pattern of a tokenizer.json for PCRE2.
static std::string translate(std::string_view pattern) {
  std::string result;
  bool inClass = false;
  while (!pattern.empty()) {
    bool known = false;
    for (const auto &[spelled, characters] : characterClasses) {
      if (!pattern.starts_with(spelled))
        continue;
      result.append(inClass ? "" : "[").append(characters).append(inClass ? "" : "]");
      pattern.remove_prefix(spelled.size());
      known = true;
      break;
    }
    if (known)
      continue;
    if (!inClass && pattern.starts_with(R"(\S)")) {
      result += "[^" SPACE "]";
      pattern.remove_prefix(2);
      continue;
    }
    size_t count = pattern.front() == '\\' && pattern.size() > 1 ? 2 : 1;
    if (count == 1 && pattern.front() == '[')
      inClass = true;
    else if (count == 1 && pattern.front() == ']')
      inClass = false;
    result += pattern.substr(0, count);
    pattern.remove_prefix(count);
  }
  return result;
}

//===----------------------------------------------------------------------===//
// PCRE2
//===----------------------------------------------------------------------===//

namespace {
struct CodeDeleter {
  void operator()(pcre2_code *code) const { pcre2_code_free(code); }
};
struct MatchDeleter {
  void operator()(pcre2_match_data *match) const { pcre2_match_data_free(match); }
};
} // namespace

static std::string pcre2Message(int error) {
  PCRE2_UCHAR text[256];
  pcre2_get_error_message(error, text, sizeof(text));
  return reinterpret_cast<const char *>(text);
}

struct PreTokenizer::Impl {
  bool wholeWords = false, keepsMatchesOnly = false, prefixesSpace = false;
  std::optional<UnicodeForm> form;
  std::vector<std::unique_ptr<pcre2_code, CodeDeleter>> patterns;
};

PreTokenizer::PreTokenizer(std::unique_ptr<const Impl> impl) : impl(std::move(impl)) {}
PreTokenizer::PreTokenizer(PreTokenizer &&) noexcept = default;
PreTokenizer &PreTokenizer::operator=(PreTokenizer &&) noexcept = default;
PreTokenizer::~PreTokenizer() = default;

static Result<const Family *> findFamily(std::string_view name) {
  std::string known;
  for (const Family &candidate : families) {
    if (candidate.name == name)
      return &candidate;
    known.append(known.empty() ? "" : ", ").append(candidate.name);
  }
  return Failure("unknown pre-tokenizer ", utf8::quote(name),
                 " (key tokenizer.ggml.pre), known are: ", known);
}

std::string_view frit::preTokenizerFamily(const TokenizerData &data) {
  if (data.decomposes || data.isCompatible || data.prefixesSpace)
    return "";
  for (const Family &family : families) {
    size_t count = 0;
    while (count < std::size(family.patterns) && !family.patterns[count].empty())
      ++count;
    // Alone, each pattern matches all of a text: there is nothing between its matches to keep.
    if (data.keepsMatchesOnly && count > 1)
      continue;
    if (family.wholeWords == data.wholeWords && family.composes == data.composes &&
        std::ranges::equal(data.patterns, std::span(family.patterns, count)))
      return family.name;
  }
  return "";
}

Status PreTokenizer::check(const TokenizerData &data) {
  if (!data.patterns.empty())
    return {};
  Result<const Family *> family = findFamily(data.preTokenizer);
  return family ? Status() : Status(family.takeFailure());
}

Result<PreTokenizer> PreTokenizer::create(const TokenizerData &data) {
  auto impl = std::make_unique<Impl>();
  std::vector<std::string_view> patterns(data.patterns.begin(), data.patterns.end());
  impl->wholeWords = data.wholeWords;
  impl->keepsMatchesOnly = data.keepsMatchesOnly;
  impl->prefixesSpace = data.prefixesSpace;
  if (data.composes || data.decomposes)
    impl->form = {data.composes, data.isCompatible};
  if (patterns.empty()) {
    Result<const Family *> family = findFamily(data.preTokenizer);
    if (!family)
      return family.takeFailure();
    impl->wholeWords = (*family)->wholeWords;
    if ((*family)->composes)
      impl->form = {.composes = true};
    patterns.assign(std::begin((*family)->patterns), std::end((*family)->patterns));
  }
  for (std::string_view spelled : patterns) {
    if (spelled.empty())
      continue;
    std::string pattern = translate(spelled);
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                                     PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
    if (!code)
      return Failure("pattern ", utf8::quote(spelled), ": ", pcre2Message(error));
    impl->patterns.emplace_back(code);
    // Without JIT (a system that forbids writable code pages) the interpreter serves.
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
  }
  return PreTokenizer(std::move(impl));
}

/// Cuts `text` at the matches of `code`; `keepsAll`: what lies between them is words, too.
static Status cut(const pcre2_code *code, pcre2_match_data *match, std::string_view text,
                  bool keepsAll, std::vector<std::string_view> &words) {
  auto subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const PCRE2_SIZE *range = pcre2_get_ovector_pointer(match);
  size_t position = 0;
  while (position < text.size()) {
    // The caller has checked UTF-8 once; checking in every call would be quadratic.
    int count =
        pcre2_match(code, subject, text.size(), position, PCRE2_NO_UTF_CHECK, match, nullptr);
    if (count == PCRE2_ERROR_JIT_STACKLIMIT)
      count = pcre2_match(code, subject, text.size(), position, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                          match, nullptr);
    if (count == PCRE2_ERROR_NOMATCH)
      break;
    if (count < 0)
      return Failure("splitting the text into words: ", pcre2Message(count));
    // An empty match would not move on; \K in a group that a lookaround calls moves the beginning.
    if (range[1] <= position || range[0] < position || range[0] > range[1])
      break;
    if (range[0] > position && keepsAll)
      words.push_back(text.substr(position, range[0] - position));
    words.push_back(text.substr(range[0], range[1] - range[0]));
    position = range[1];
  }
  if (position < text.size() && keepsAll)
    words.push_back(text.substr(position));
  return {};
}

bool PreTokenizer::wholeWords() const { return impl->wholeWords; }
std::optional<UnicodeForm> PreTokenizer::form() const { return impl->form; }
bool PreTokenizer::prefixesSpace() const { return impl->prefixesSpace; }

Status PreTokenizer::split(std::string_view text, std::vector<std::string_view> &words) const {
  std::unique_ptr<pcre2_match_data, MatchDeleter> match(pcre2_match_data_create(1, nullptr));
  if (!match)
    return Failure("splitting the text into words: out of memory");
  std::vector<std::string_view> current{text}, next;
  for (const auto &pattern : impl->patterns) {
    next.clear();
    bool keepsAll = !impl->keepsMatchesOnly || &pattern != &impl->patterns.front();
    for (std::string_view word : current)
      if (Status status = cut(pattern.get(), match.get(), word, keepsAll, next); !status)
        return status;
    std::swap(current, next);
  }
  words.insert(words.end(), current.begin(), current.end());
  return {};
}
