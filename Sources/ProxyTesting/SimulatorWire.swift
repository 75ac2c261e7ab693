internal import ProxyCore
internal import QMP

/// Bytes on their way, with descriptors on some of them.
struct SimulatorStream {
    private var bytes: [UInt8] = []
    private var head = 0
    private var sets: [(offset: Int, descriptors: [DescriptorToken])] = []
    /// How many bytes were taken so far.
    private(set) var taken = 0

    /// How many bytes are on their way.
    var count: Int { bytes.count - head }

    /// How many bytes were put in so far.
    var end: Int { taken + count }

    /// Puts bytes in; descriptors go with the first of them.
    mutating func append(_ new: Bytes, descriptors: [DescriptorToken] = []) {
        if !descriptors.isEmpty { sets.append((end, descriptors)) }
        bytes += new
    }

    /// Takes bytes out, not beyond the first byte with descriptors; those of the very first byte come along.
    mutating func take(atMost most: Int) -> (bytes: Bytes, descriptors: [DescriptorToken]) {
        var descriptors: [DescriptorToken] = []
        if let first = sets.first, first.offset == taken {
            descriptors = first.descriptors
            sets.removeFirst()
        }
        let length = min(most, count, (sets.first?.offset ?? end) - taken)
        let result = bytes[head..<head + length]
        head += length
        taken += length
        if head > 4096, head * 2 > bytes.count {
            bytes = Array(bytes[head...])
            head = 0
        }
        return (result, descriptors)
    }

    /// Takes away the last bytes, as if they had never been put in.
    mutating func drop(last length: Int) {
        bytes.removeLast(length)
        let end = end
        sets.removeAll { $0.offset >= end }
    }
}

/// One connection of the proxy, as the shell and the kernel see it: what comes from the peer, and what goes to it by
/// way of the shell's queue and the kernel's buffer.
struct SimulatorWire {
    /// What stands behind the bytes that come in.
    enum IncomingEnd {
        /// Nothing yet.
        case none
        /// The end of input.
        case ended
        /// An error: the connection is gone.
        case broken
    }

    /// What the proxy has done with the connection.
    enum Phase {
        case open, finishing, closed
    }

    /// From the peer to the proxy.
    var incoming = SimulatorStream()
    var incomingEnd = IncomingEnd.none
    /// Whether the end was told.
    var isEndTold = false
    var isReadingPaused = false
    var isReadScheduled = false

    /// In the shell's queue.
    private(set) var queue = SimulatorStream()
    private var messageEnds: [Int] = []
    /// In the kernel's buffer, ready to be read by the peer.
    var kernel = SimulatorStream()
    let kernelMax: Int
    var isPeerReadScheduled = false
    /// What was last told, or is about to be told, of the unsent bytes.
    var reported = (bytes: 0, beyondCurrent: 0)
    var isReportScheduled = false
    var phase = Phase.open
    /// Whether the peer is gone, so that nothing can be sent to it.
    var isPeerGone = false

    init(kernelMax: Int) {
        self.kernelMax = kernelMax
    }

    /// What is unsent: all of it, and what is beyond the message under way.
    var unsent: (bytes: Int, beyondCurrent: Int) {
        (queue.count, messageEnds.first.map { queue.end - $0 } ?? 0)
    }

    /// Takes a message into the queue.
    mutating func send(_ message: SplicedMessage, _ descriptors: [DescriptorToken]) {
        queue.append(message.joined, descriptors: descriptors)
        messageEnds.append(queue.end)
    }

    /// Lets the kernel take what it has room for.
    mutating func flush() {
        while queue.count > 0, kernel.count < kernelMax {
            let (bytes, descriptors) = queue.take(atMost: kernelMax - kernel.count)
            kernel.append(bytes, descriptors: descriptors)
        }
        let taken = queue.taken
        messageEnds.removeAll { $0 <= taken }
    }

    /// Throws the queue away.
    mutating func dropQueue() {
        queue = SimulatorStream()
        messageEnds = []
    }
}
