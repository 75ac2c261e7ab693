internal import CLibevent
internal import CSupport
internal import Glibc

/// What a connection or a program is to be sent, in order, with the descriptors that go with it.
///
/// Empty it holds no memory of its own.
struct OutputQueue {
    /// Bytes that are sent on their own account: descriptors leave with the first of them.
    private struct Piece {
        var bytes: ArraySlice<UInt8>
        var endsMessage: Bool
        var descriptors: [DescriptorHandle]
    }

    /// Smaller pieces are copied together: cheaper for the kernel than a piece each.
    private static let bytesPerCopiedPieceMax = 16 * 1024
    /// How much one write copies together.
    private static let bytesCopiedMax = 64 * 1024

    private var pieces: [Piece] = []
    /// The first piece that is not wholly sent; those before it are empty.
    private var head = 0
    /// How much is not sent yet.
    private(set) var byteCount = 0

    var isEmpty: Bool {
        byteCount == 0
    }

    mutating func append(_ bytes: ArraySlice<UInt8>, endsMessage: Bool, descriptors: [DescriptorHandle]) {
        guard !bytes.isEmpty else {
            for descriptor in descriptors { descriptor.close() }
            if endsMessage, !isEmpty {
                pieces[pieces.count - 1].endsMessage = true
            }
            return
        }
        pieces.append(Piece(bytes: bytes, endsMessage: endsMessage, descriptors: descriptors))
        byteCount += bytes.count
    }

    /// Forgets everything; descriptors that were to go are closed.
    mutating func removeAll() {
        for piece in pieces {
            for descriptor in piece.descriptors { descriptor.close() }
        }
        self = OutputQueue()
    }

    /// The bytes behind the message that is partly sent or, at a message's start, next.
    var byteCountBeyondCurrent: Int {
        var current = 0
        for piece in pieces[head...] {
            current += piece.bytes.count
            if piece.endsMessage { break }
        }
        return byteCount - current
    }

    // MARK: Sending

    /// What one system call came to.
    enum Outcome {
        /// All that was offered went; the queue may hold more.
        case sent
        /// The kernel has no room for now.
        case full
        /// It will never take any more; `errno`.
        case failed(CInt)
    }

    /// Sends from the start of the queue to a socket, with one system call.
    mutating func sendSome(to socket: CInt, loop: EventLoop) -> Outcome {
        let numbers = pieces[head].descriptors.compactMap(\.number)
        return takeSome(loop: loop) { gathered in
            csupport_send_pieces(socket, gathered.baseAddress, gathered.count, numbers, CInt(numbers.count))
        }
    }

    /// Writes from the start of the queue to a pipe that does not block, with one system call.
    mutating func writeSome(to pipe: CInt, loop: EventLoop) -> Outcome {
        takeSome(loop: loop) { gathered in writev(pipe, gathered.baseAddress, CInt(gathered.count)) }
    }

    /// Offers the start of the queue to a call that tells how many bytes it took, or -1 with `errno`.
    private mutating func takeSome(loop: EventLoop, call: (UnsafeBufferPointer<iovec>) -> Int) -> Outcome {
        var room = Room(copies: loop.scratch, gathering: loop.gathering)
        let taken = withPieces(from: head, room: &room) { gathered in
            let taken = call(gathered)
            return taken < 0 ? -Int(errno) : taken
        }
        guard taken >= 0 else {
            return taken == -Int(EAGAIN) ? .full : .failed(CInt(-taken))
        }
        drop(taken)
        return taken == room.byteCount ? .sent : .full
    }

    /// Where the pieces of one write are put together.
    private struct Room {
        let copies: UnsafeMutableRawBufferPointer
        let gathering: UnsafeMutableBufferPointer<iovec>
        var bytesCopied = 0
        var count = 0
        var byteCount = 0
        var lastIsCopied = false

        init(copies: UnsafeMutableRawBufferPointer, gathering: UnsafeMutableBufferPointer<iovec>) {
            self.copies = copies
            self.gathering = gathering
        }

        var isFull: Bool {
            count == gathering.count || bytesCopied > bytesCopiedMax - bytesPerCopiedPieceMax
        }

        mutating func copy(_ bytes: UnsafeRawBufferPointer) {
            let place = UnsafeMutableRawBufferPointer(rebasing: copies[bytesCopied..<bytesCopied + bytes.count])
            place.copyMemory(from: bytes)
            bytesCopied += bytes.count
            if lastIsCopied {
                gathering[count - 1].iov_len += bytes.count
                byteCount += bytes.count
            } else {
                add(UnsafeRawBufferPointer(place), isCopied: true)
            }
        }

        mutating func add(_ bytes: UnsafeRawBufferPointer, isCopied: Bool) {
            // sendmsg does not write through it.
            let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress)
            gathering[count] = iovec(iov_base: start, iov_len: bytes.count)
            count += 1
            byteCount += bytes.count
            lastIsCopied = isCopied
        }
    }

    /// Calls `send` with the pieces from `index` on that may leave together, the large ones where they are.
    ///
    /// It calls itself for each large piece, at most 64 deep, since a pointer is good only within the call that gave
    /// it.
    private func withPieces(
        from index: Int,
        room: inout Room,
        send: (UnsafeBufferPointer<iovec>) -> Int
    ) -> Int {
        var index = index
        while index < pieces.count, !room.isFull, index == head || pieces[index].descriptors.isEmpty {
            let piece = pieces[index].bytes
            guard piece.count < Self.bytesPerCopiedPieceMax else {
                return piece.withUnsafeBytes { bytes in
                    room.add(bytes, isCopied: false)
                    return withPieces(from: index + 1, room: &room, send: send)
                }
            }
            piece.withUnsafeBytes { room.copy($0) }
            index += 1
        }
        return send(UnsafeBufferPointer(rebasing: room.gathering[..<room.count]))
    }

    /// Forgets what was sent; descriptors went with the first byte and are closed on our side.
    private mutating func drop(_ count: Int) {
        guard count > 0 else { return }
        var left = count
        byteCount -= count
        while left > 0 {
            for descriptor in pieces[head].descriptors { descriptor.close() }
            pieces[head].descriptors = []
            let size = pieces[head].bytes.count
            if left < size {
                pieces[head].bytes = pieces[head].bytes.dropFirst(left)
                break
            }
            pieces[head].bytes = []
            left -= size
            head += 1
        }
        if isEmpty {
            self = OutputQueue()
        } else if head >= 64, head * 2 > pieces.count {
            pieces.removeSubrange(..<head)
            head = 0
        }
    }
}
