// The manifest: what the host reads of this plugin without running it.
#pragma once

#include "venue/manifest.hpp"

namespace arb::kalshi {

inline constexpr auto manifest_text = manifest_of(R"json({
"id": "kalshi",
"version": "0.1.0",
"description": "Kalshi: events and markets over REST; prices, trades and books over the signed WebSocket, or polled without a key",
"options": {
  "$schema": "http://json-schema.org/draft-07/schema#",
  "type": "object",
  "additionalProperties": false,
  "properties": {
    "rest_url": {"type": "string", "default": "https://external-api.kalshi.com/trade-api/v2",
      "description": "the REST API, with /trade-api/v2"},
    "websocket_url": {"type": "string", "default": "wss://external-api-ws.kalshi.com/trade-api/ws/v2",
      "description": "the WebSocket; used with a key only"},
    )json",
                                                  option_ca_file, R"json(,
    "key_id": {"type": "string", "default": "",
      "description": "id of an API key with the scope read; without one prices are polled"},
    "key_file": {"type": "string", "default": "",
      "description": "PEM file of its private key (RSA or Ed25519), readable by its owner alone"},
    )json",
                                                  option_catalogue_every, R"json(,
    "poll_every": {"type": "string", "format": "duration", "default": "10s",
      "description": "how often prices and trades are read without a key"},
    "backfill": {"type": "string", "format": "duration", "default": "24h",
      "description": "how far back trades are read at the start, for what was missed while nothing ran; 0s: not at all"},
    )json",
                                                  option_snapshot_every, R"json(,
    "shard": {"type": "string", "default": "",
      "description": "collect only a part of the markets, for several hosts: 2/8 is the second of eight; a market's part follows from its ticker"},
    "record": {"type": "array", "items": {"enum": ["quotes", "trades", "books"]}, "default": ["quotes", "trades"],
      "description": "what is recorded of the live feed; books need a key; [] is the catalogue alone"},
    "select": {"type": "object", "additionalProperties": false, "default": {},
      "description": "which markets are collected; without it every open one but combos (KXMVE...)",
      "properties": {
        "categories": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "categories of series, such as Economics"},
        "series": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "series tickers; a market counts if series, events or markets names it"},
        "events": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "event tickers"},
        "markets": {"type": "array", "items": {"type": "string"}, "default": [],
          "description": "market tickers"},
        "volume_24h_min": {"type": ["integer", "null"], "minimum": 0, "default": null,
          "description": "least volume of the last 24 hours in contracts; a market once taken stays"},
        )json",
                                                  select_closes_within, R"json(
      }}
  }
},
"commands": [
  {"name": "balance", "help": "your balance (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "positions", "help": "your positions in unsettled markets; below zero is NO (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market ticker"},
     "event": {"type": "string", "default": "", "description": "event ticker"},
     "past": {"type": "boolean", "default": false, "description": "those that the venue moved to its past, see cutoff"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "fills", "help": "your trades (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market ticker"},
     "past": {"type": "boolean", "default": false, "description": "those that the venue moved to its past, see cutoff"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "settlements", "help": "what your settled markets paid (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market ticker"},
     "event": {"type": "string", "default": "", "description": "event ticker"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "orders", "help": "your orders (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market ticker"},
     "status": {"type": "string", "enum": ["resting", "canceled", "executed", ""], "default": "", "description": "in what state; empty for any"},
     "past": {"type": "boolean", "default": false, "description": "those that the venue moved to its past, see cutoff"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "limits", "help": "how many requests your account may make (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "account_time", "help": "as of when the venue answers what belongs to your account (needs key_id and key_file)",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  )json",
                                                  command_selection, R"json(,
  {"name": "market", "help": "one market with its rules and prices, old ones as well",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["ticker"], "properties": {
     "ticker": {"type": "string", "description": "market ticker"}}}},
  {"name": "book", "help": "the order book of a market, or of several, in prices of YES, best levels first",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["ticker"], "properties": {
     "ticker": {"type": "string", "description": "market ticker, or up to 100 separated by commas (needs key_id and key_file)"},
     "depth": {"type": "integer", "minimum": 0, "maximum": 10000, "default": 10, "description": "levels of each side; 0 for all"}}}},
  {"name": "candlesticks", "help": "past prices of a market",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["ticker"], "properties": {
     "ticker": {"type": "string", "description": "market ticker"},
     "interval": {"type": "string", "enum": ["1m", "1h", "1d"], "default": "1h", "description": "length of a candle"},
     "last": {"type": "string", "format": "duration", "default": "24h", "description": "how far back"}}}},
  {"name": "schedule", "help": "when the exchange is open, and announced maintenance",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "trades", "help": "the latest trades of all markets, or of one, old ones as well",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market ticker"},
     "past": {"type": "boolean", "default": false, "description": "those that the venue moved to its past, see cutoff"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "markets", "help": "markets with their best prices",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "market tickers, separated by commas"},
     "event": {"type": "string", "default": "", "description": "event ticker"},
     "series": {"type": "string", "default": "", "description": "series ticker"},
     "status": {"type": "string", "enum": ["unopened", "open", "paused", "closed", "settled", ""], "default": "open",
       "description": "in what state; empty for any"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "events", "help": "events",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "event tickers, separated by commas"},
     "series": {"type": "string", "default": "", "description": "series ticker"},
     "status": {"type": "string", "enum": ["unopened", "open", "closed", "settled", ""], "default": "open",
       "description": "in what state any of their markets is; empty for any"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "milestones", "help": "games and other happenings that markets are about",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "event": {"type": "string", "default": "", "description": "event ticker"},
     "category": {"type": "string", "default": "", "description": "such as Sports"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "incentives", "help": "rewards for trading in single markets",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "status": {"type": "string", "enum": ["all", "active", "upcoming", "closed", "paid_out"], "default": "active", "description": "in what state"},
     "type": {"type": "string", "enum": ["all", "liquidity", "volume"], "default": "all", "description": "what is rewarded"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "series", "help": "series, which events are made of, with their fees",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "ticker": {"type": "string", "default": "", "description": "series ticker"},
     "category": {"type": "string", "default": "", "description": "such as Economics"},
     "tags": {"type": "string", "default": "", "description": "tags, separated by commas"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 100000, "default": 50, "description": "how many"}}}},
  {"name": "tags", "help": "categories, and the tags that their series have",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "metadata", "help": "what an event is about, who decides it, and where its pictures are",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
     "event": {"type": "string", "description": "event ticker"}}}},
  {"name": "live_data", "help": "what an event's markets are decided by, as it stands: a price, the weather",
   "parameters": {"type": "object", "additionalProperties": false, "required": ["event"], "properties": {
     "event": {"type": "string", "description": "event ticker"},
     "range": {"type": "string", "default": "", "description": "how far back, such as 15min; the answer lists which"}}}},
  {"name": "collections", "help": "what combos are made of: collections of events",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "series": {"type": "string", "default": "", "description": "series ticker"},
     "event": {"type": "string", "default": "", "description": "ticker of an event that is in them"},
     "status": {"type": "string", "enum": ["unopened", "open", "closed", ""], "default": "", "description": "in what state; empty for any"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "targets", "help": "teams, players and others that strikes of markets name by an id",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {
     "type": {"type": "string", "default": "", "description": "such as basketball_team"},
     "competition": {"type": "string", "default": "", "description": "league, conference, division or tour"},
     "limit": {"type": "integer", "minimum": 1, "maximum": 10000, "default": 50, "description": "how many"}}}},
  {"name": "costs", "help": "what requests cost in tokens of the rate limit",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "cutoff", "help": "until when the venue moved its past to its historical lists",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}},
  {"name": "exchange_status", "help": "whether the exchange and its parts are open",
   "parameters": {"type": "object", "additionalProperties": false, "properties": {}}}
]
})json");
inline constexpr auto const& manifest = manifest_text.text;

}  // namespace arb::kalshi
