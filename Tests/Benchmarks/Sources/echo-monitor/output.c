#include "output.h"

#include "memory.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PIECES_PER_SEND = 64 };

struct piece {
    // NULL: the piece is text, at `text_offset`. An offset, since the text moves when it grows.
    const char *prepared;
    size_t text_offset;
    size_t length;
};

static struct piece *add_piece(struct output *output)
{
    if (output->piece_count == output->piece_capacity) {
        output->piece_capacity = output->piece_capacity == 0 ? 16 : output->piece_capacity * 2;
        output->pieces = grown(output->pieces, output->piece_capacity * sizeof(struct piece));
    }
    return &output->pieces[output->piece_count++];
}

void output_add_text(struct output *output, const char *bytes, size_t length)
{
    if (output->text_length + length > output->text_capacity) {
        output->text_capacity = (output->text_length + length) * 2;
        output->text = grown(output->text, output->text_capacity);
    }
    memcpy(output->text + output->text_length, bytes, length);

    struct piece *last = output_is_empty(output) ? NULL : &output->pieces[output->piece_count - 1];
    if (last != NULL && last->prepared == NULL) {
        last->length += length;
    } else {
        *add_piece(output) = (struct piece){NULL, output->text_length, length};
    }
    output->text_length += length;
}

void output_add_prepared(struct output *output, const char *bytes, size_t length)
{
    *add_piece(output) = (struct piece){bytes, 0, length};
}

bool output_is_empty(const struct output *output)
{
    return output->piece_first == output->piece_count;
}

static void forget_sent(struct output *output, size_t length)
{
    while (length > 0) {
        struct piece *first = &output->pieces[output->piece_first];
        if (length < first->length) {
            first->length -= length;
            if (first->prepared != NULL) {
                first->prepared += length;
            } else {
                first->text_offset += length;
            }
            return;
        }
        length -= first->length;
        output->piece_first++;
    }
    // Clients of a benchmark wait for their replies, so the output runs empty often enough to start over only then.
    if (output_is_empty(output)) {
        output->piece_first = 0;
        output->piece_count = 0;
        output->text_length = 0;
    }
}

bool output_send(struct output *output, int socket)
{
    while (!output_is_empty(output)) {
        struct iovec vectors[PIECES_PER_SEND];
        size_t count = 0;
        size_t total = 0;
        for (size_t at = output->piece_first; at < output->piece_count && count < PIECES_PER_SEND; at++) {
            const struct piece *piece = &output->pieces[at];
            // writev's type has no const; sendmsg does not write to it.
            char *bytes = piece->prepared != NULL ? (char *)piece->prepared : output->text + piece->text_offset;
            vectors[count++] = (struct iovec){bytes, piece->length};
            total += piece->length;
        }
        // sendmsg rather than writev: only it can be told not to raise SIGPIPE.
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = count};
        ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) {
                continue;
            }
            return errno == EAGAIN;
        }
        forget_sent(output, (size_t)sent);
        // A short send means a full socket; asking again would only be told so.
        if ((size_t)sent < total) {
            return true;
        }
    }
    return true;
}

void output_free(struct output *output)
{
    free(output->pieces);
    free(output->text);
}
