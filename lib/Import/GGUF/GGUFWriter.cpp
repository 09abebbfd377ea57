//===- GGUFWriter.cpp - the header of a GGUF file --------------------------===//
//
// Part of frit, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/GGUFWriter.h"
#include "lib/Import/GGUF/GGUF.h"

#include <cstring>

using namespace frit;

template <typename T>
static void put(std::string &out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

static void putText(std::string &out, std::string_view text) {
  put<uint64_t>(out, text.size());
  out += text;
}

void GGUFHeader::key(std::string_view name, uint32_t type) {
  putText(metadata, name);
  put(metadata, type);
  ++keyCount;
}

void GGUFHeader::add(std::string_view name, std::string_view text) {
  key(name, static_cast<uint32_t>(GGUFType::String));
  putText(metadata, text);
}

void GGUFHeader::add(std::string_view name, bool value) {
  key(name, static_cast<uint32_t>(GGUFType::Bool));
  put<uint8_t>(metadata, value);
}

void GGUFHeader::add(std::string_view name, uint32_t value) {
  key(name, static_cast<uint32_t>(GGUFType::U32));
  put(metadata, value);
}

void GGUFHeader::add(std::string_view name, float value) {
  key(name, static_cast<uint32_t>(GGUFType::F32));
  put(metadata, value);
}

template <typename T>
void GGUFHeader::array(std::string_view name, uint32_t type, const std::vector<T> &values) {
  key(name, static_cast<uint32_t>(GGUFType::Array));
  put(metadata, type);
  put<uint64_t>(metadata, values.size());
  for (const T &value : values)
    if constexpr (std::is_same_v<T, std::string>)
      putText(metadata, value);
    else
      put(metadata, value);
}

void GGUFHeader::add(std::string_view name, const std::vector<std::string> &texts) {
  array(name, static_cast<uint32_t>(GGUFType::String), texts);
}

void GGUFHeader::add(std::string_view name, const std::vector<uint8_t> &values) {
  array(name, static_cast<uint32_t>(GGUFType::U8), values);
}

void GGUFHeader::add(std::string_view name, const std::vector<bool> &values) {
  array(name, static_cast<uint32_t>(GGUFType::Bool),
        std::vector<uint8_t>(values.begin(), values.end()));
}

void GGUFHeader::add(std::string_view name, const std::vector<int32_t> &values) {
  array(name, static_cast<uint32_t>(GGUFType::I32), values);
}

void GGUFHeader::add(std::string_view name, const std::vector<uint32_t> &values) {
  array(name, static_cast<uint32_t>(GGUFType::U32), values);
}

void GGUFHeader::add(std::string_view name, const std::vector<float> &values) {
  array(name, static_cast<uint32_t>(GGUFType::F32), values);
}

void GGUFHeader::addTensor(std::string_view name, const std::vector<int64_t> &shape,
                           Format format) {
  const FormatInfo &info = formatInfo(format);
  putText(tensors, name);
  put(tensors, static_cast<uint32_t>(shape.size()));
  int64_t rows = 1;
  for (size_t i = shape.size(); i-- > 0;) {
    put(tensors, static_cast<uint64_t>(shape[i]));
    if (i + 1 < shape.size())
      rows *= shape[i];
  }
  put(tensors, info.ggufType);
  put(tensors, dataBytes);
  ++tensorCount;
  dataBytes += padded(static_cast<uint64_t>(rows * info.rowBytes(shape.back())));
}

std::string GGUFHeader::header() const {
  std::string result = "GGUF";
  put<uint32_t>(result, 3);
  put(result, tensorCount);
  put(result, keyCount);
  result += metadata;
  result += tensors;
  result.append(padded(result.size()) - result.size(), '\0');
  return result;
}
