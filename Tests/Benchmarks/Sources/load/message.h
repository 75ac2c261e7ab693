// Messages from the server: one line each, told apart without parsing them whole.
#ifndef MESSAGE_H
#define MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_kind { MESSAGE_GREETING, MESSAGE_REPLY, MESSAGE_ERROR, MESSAGE_EVENT, MESSAGE_UNKNOWN };

enum message_kind message_kind(const char *line, size_t length);

// Finds the id of a reply, which stands either behind or before all else in it. False if there is none.
bool message_id(const char *line, size_t length, uint64_t *id);

// Whether it is the event that `emit` asks for; a proxy may send events of its own.
bool message_is_emitted_event(const char *line, size_t length);

#endif
