internal import CSupport
internal import Glibc
internal import QMP

/// The shared memory in which lines wait to be written; it outlives the process that put them there.
///
/// Offsets are those of the stream of bytes that goes through it. One side, under a lock, calls what is mutating and
/// ``publish()``; one thread alone calls ``advance(to:)``; the rest is anybody's.
struct RecordingRing: Sendable {
    /// How much of its memory an idle ring keeps, in bytes.
    ///
    /// 1 MiB: what comes before the writing thread has caught up again seldom is more, and fresh pages cost 0.8 ms a
    /// mebibyte.
    private static let bytesKept = 1 << 20

    /// How much memory is given back at once, in bytes: under a lock that the event loop may wait for.
    ///
    /// 256 KiB takes 50 µs on a virtual machine.
    private static let bytesReleasedAtOnce = 256 << 10

    let address: csupport_ring_address
    /// Where the next byte goes; what lies between the head and this is not handed over yet.
    private(set) var end = 0
    /// The memory that was used since it was given back: so many bytes from the beginning.
    private var bytesTouched = 0

    /// A ring of so many bytes, rounded up to whole pages.
    init(bytes: Int) throws(SystemFailure) {
        address = csupport_ring_create(bytes)
        guard address != 0 else { throw SystemFailure(code: errno) }
    }

    func unmap() {
        csupport_ring_destroy(address)
    }

    var size: Int { csupport_ring_size(address) }
    /// What was handed over ends here.
    var head: Int { csupport_ring_head(address) }
    /// What was written ends here.
    var tail: Int { csupport_ring_tail(address) }
    /// How many bytes more it can take.
    var room: Int { size - (end - tail) }
    /// Whether it holds memory that it could give back.
    var holdsMuch: Bool { bytesTouched > Self.bytesKept }

    /// Copies bytes into the ring, all or, if there is no room, none.
    mutating func append(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { append($0) }
    }

    /// The same with bytes that are elsewhere.
    mutating func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let place = place(for: bytes.count) else { return false }
        if let start = bytes.baseAddress { place.copyMemory(from: start, byteCount: bytes.count) }
        csupport_fetch(place + bytes.count)
        wrote(bytes.count)
        return true
    }

    /// Where so many bytes may be written; `nil` if there is no room for as many.
    func place(for count: Int) -> UnsafeMutableRawPointer? {
        guard count <= room else { return nil }
        if end == tail { rewind() }
        return csupport_ring_bytes(address, end)
    }

    /// Takes what was written at ``place(for:)``.
    mutating func wrote(_ count: Int) {
        end += count
        bytesTouched = min(size, max(bytesTouched, end - csupport_ring_base(address)))
    }

    /// Hands over what was appended: from now on it is written, whatever becomes of this process.
    func publish() {
        csupport_ring_set_head(address, end)
    }

    /// What waits is given up: no guardian writes it.
    func abandon() {
        csupport_ring_abandon(address)
    }

    /// The bytes that wait between two offsets.
    func bytes(from start: Int, to end: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: csupport_ring_bytes(address, start), count: end - start)
    }

    /// What stands before that offset is written.
    func advance(to offset: Int) {
        csupport_ring_set_tail(address, offset)
    }

    /// Gives a piece of memory back to the kernel if nothing waits in the ring; whether there is more to give back.
    mutating func release() -> Bool {
        guard holdsMuch, end == tail else { return false }
        rewind()
        let start = max(Self.bytesKept, bytesTouched - Self.bytesReleasedAtOnce)
        // Where that is not possible the memory stays, no more.
        _ = csupport_ring_release(address, start, size)
        bytesTouched = start
        return holdsMuch
    }

    /// Begins anew at the first byte, which is in the processor's caches; only while the ring is empty.
    private func rewind() {
        csupport_ring_set_base(address, end)
    }
}

/// A system call failed with that `errno`.
struct SystemFailure: Error, Equatable {
    let code: CInt
}

extension String {
    /// What an `errno` means.
    init(errno code: CInt) {
        self = strerror(code).map { String(cString: $0) } ?? "error \(code)"
    }
}
