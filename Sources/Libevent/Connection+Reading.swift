internal import CLibevent
internal import CSupport
internal import Glibc

/// Input that was taken from the kernel but must not be delivered yet.
final class HeldInput {
    let bytes: ArraySlice<UInt8>
    let descriptors: [DescriptorHandle]
    let isIncomplete: Bool

    init(bytes: ArraySlice<UInt8>, descriptors: [DescriptorHandle], isIncomplete: Bool) {
        self.bytes = bytes
        self.descriptors = descriptors
        self.isIncomplete = isIncomplete
    }
}

extension Connection {
    /// QEMU takes this many descriptors of one message (chardev/char-socket.c, `TCP_MAX_FDS`, io/channel-socket.c,
    /// `SOCKET_MAX_FDS`); the kernel closes the others.
    private static let descriptorsPerMessageMax = 16
    /// Half of what a read can bring; an array of the whole size is then used well enough.
    private static let bytesThatAreMuch = 128 * 1024
    /// Single bytes read in one turn in search of the one that carries descriptors.
    private static let singleBytesPerTurnMax = 1024

    /// There is input, the peer is gone, or ``held`` may go on.
    func readable() {
        switch input {
        case .paused:
            // Most pauses are over before anything comes, and cost nothing.
            if let code = hangUp() {
                end(Self.reason(of: code))
            } else if !watchesEdges {
                watch(edges: true)
            }
        case .ended:
            if let code = hangUp() {
                end(Self.reason(of: code))
            }
        case .flowing:
            if let held {
                self.held = nil
                deliver(held.bytes, held.descriptors, isIncomplete: held.isIncomplete)
            } else if passesDescriptors {
                receiveWithDescriptors()
            } else if muchCame {
                receiveMuch(upTo: loop.scratch.count)
            } else {
                receiveLittle(upTo: loop.scratch.count)
            }
        }
    }

    // MARK: Receiving

    /// Reads into the scratch, from which an array of just the right size is made.
    private func receiveLittle(upTo length: Int) {
        let count = recv(socket, loop.scratch.baseAddress, length, withoutWaiting)
        guard count > 0 else {
            nothingReceived(count < 0 ? errno : 0)
            return
        }
        muchCame = count >= Self.bytesThatAreMuch
        deliver(copied(count), [])
    }

    /// Reads into a large array, and saves the copy if it is put to use.
    private func receiveMuch(upTo length: Int) {
        var (count, code): (Int, CInt) = (0, 0)
        let bytes = [UInt8](unsafeUninitializedCapacity: length) { room, initializedCount in
            count = recv(socket, room.baseAddress, length, withoutWaiting)
            code = count < 0 ? errno : 0
            initializedCount = max(0, count)
        }
        guard count > 0 else {
            nothingReceived(code)
            return
        }
        muchCame = count >= Self.bytesThatAreMuch
        guard muchCame || count == length else {
            // Bytes may wait long for a slow reader: an array that is mostly empty must not.
            deliver(bytes.withUnsafeBufferPointer { Array($0) }[...], [])
            return
        }
        deliver(bytes[...], [])
    }

    /// Asks first whether descriptors are among what has come.
    ///
    /// A read returns plain bytes together with the first message behind them that carries descriptors, and nothing
    /// tells at which byte that one begins (QMP.md §5). Without room for control data a peek says that descriptors are
    /// there somewhere (MSG_CTRUNC, recvmsg(2)) and makes no copies of them.
    private func receiveWithDescriptors() {
        var (count, truncated) = (CInt(0), CInt(0))
        let peeked = csupport_receive(
            socket,
            loop.scratch.baseAddress,
            loop.scratch.count,
            CInt(MSG_PEEK) | withoutWaiting,
            nil,
            0,
            &count,
            &truncated
        )
        if peeked <= 0 {
            nothingReceived(peeked < 0 ? errno : 0)
        } else if truncated == 0 {
            receiveMuch(upTo: peeked)
        } else {
            searchDescriptors(within: peeked)
        }
    }

    /// Reads byte by byte, as QEMU itself does, until one comes with descriptors.
    ///
    /// Peeking at shorter lengths does not help: Linux reports the descriptors of a later message with any of them
    /// (net/unix/af_unix.c, `unix_stream_read_generic`, goes on past the end of the room when it peeks).
    private func searchDescriptors(within peeked: Int) {
        var plain = 0
        while plain < min(peeked, Self.singleBytesPerTurnMax) {
            let (count, descriptors, isIncomplete) = receiveByte(at: plain)
            guard count > 0 else {
                break
            }
            guard descriptors.isEmpty, !isIncomplete else {
                found(descriptors, isIncomplete, behind: plain, restUpTo: peeked - plain - 1)
                return
            }
            plain += 1
        }
        // Further on in the next turn, so that nobody else waits for long.
        if plain > 0 {
            deliver(copied(plain), [])
        }
    }

    /// Delivers the plain bytes at the start of the scratch, then the byte behind them with its descriptors.
    private func found(_ descriptors: [DescriptorHandle], _ isIncomplete: Bool, behind plain: Int, restUpTo rest: Int) {
        let first = loop.scratch[plain]
        if plain > 0 {
            deliver(copied(plain), [])
            guard case .open = phase, case .flowing = input else {
                if case .open = phase {
                    held = HeldInput(bytes: [first], descriptors: descriptors, isIncomplete: isIncomplete)
                }
                return
            }
        }
        // What was peeked ends with the message that carries the descriptors, so the rest is plain.
        var count = 1
        loop.scratch[0] = first
        if rest > 0 {
            let place = loop.scratch.baseAddress.map { $0 + 1 }
            count += max(0, recv(socket, place, rest, withoutWaiting))
        }
        deliver(copied(count), descriptors, isIncomplete: isIncomplete)
    }

    private func receiveByte(at index: Int) -> (count: Int, descriptors: [DescriptorHandle], isIncomplete: Bool) {
        var (count, truncated) = (CInt(0), CInt(0))
        return withUnsafeTemporaryAllocation(of: CInt.self, capacity: Self.descriptorsPerMessageMax) { numbers in
            let received = csupport_receive(
                socket,
                loop.scratch.baseAddress.map { $0 + index },
                1,
                withoutWaiting,
                numbers.baseAddress,
                CInt(numbers.count),
                &count,
                &truncated
            )
            return (received, numbers[..<Int(count)].map(DescriptorHandle.init(owning:)), truncated != 0)
        }
    }

    // MARK: Telling

    private func deliver(_ bytes: ArraySlice<UInt8>, _ descriptors: [DescriptorHandle], isIncomplete: Bool = false) {
        if isIncomplete {
            delegate?.connection(self, lostDescriptorsBeyond: descriptors.count)
            guard case .open = phase else { return }
        }
        delegate?.connection(self, received: bytes, descriptors: descriptors)
    }

    private func nothingReceived(_ code: CInt) {
        switch code {
        case 0:
            inputEnded()
        case EAGAIN, EINTR:
            break
        default:
            end(Self.reason(of: code))
        }
    }

    private func inputEnded() {
        if outputError != 0 {
            end(Self.reason(of: outputError))
            return
        }
        if let code = hangUp() {
            end(Self.reason(of: code))
            return
        }
        input = .ended
        watch(edges: true)
        guard case .open = phase else { return }
        delegate?.connectionEnded(self)
    }

    /// What the connection ended with when the peer is wholly gone, not only done with sending (poll(2), POLLHUP).
    private func hangUp() -> CInt? {
        var question = pollfd(fd: socket, events: 0, revents: 0)
        guard poll(&question, 1, 0) > 0 else { return nil }
        var code: CInt = 0
        var size = socklen_t(MemoryLayout<CInt>.size)
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &code, &size)
        return code == 0 ? EPIPE : code
    }

    /// Reads away what nobody wants: a socket closed with unread input resets the connection, and the peer may lose
    /// what was sent last (RFC 1122, 4.2.2.13; for unix sockets net/unix/af_unix.c, `unix_release_sock`).
    func discardInput() {
        for _ in 0..<16 where recv(socket, loop.scratch.baseAddress, loop.scratch.count, withoutWaiting) <= 0 {
            return
        }
    }

    private func copied(_ count: Int) -> ArraySlice<UInt8> {
        Array(loop.scratch[..<count])[...]
    }
}

private let withoutWaiting = CInt(MSG_DONTWAIT)
