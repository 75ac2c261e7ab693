internal import PluginKit
internal import QMP
internal import Recording

/// All that is known of one client.
struct ClientState {
    /// A document of the client's that has its place in the order of replies.
    struct Slot {
        enum State {
            /// A plugin holds it.
            case held
            /// Waits for its turn to be sent.
            case waiting(CommandQueue.Outgoing)
            /// Is at the monitor.
            case sent
            /// Is answered, and waits until those before it are.
            case answered(SplicedMessage, Entry.Form)
        }

        let number: Int
        var state: State
    }

    enum Phase {
        /// Bytes go both ways.
        case open
        /// The client has said its last word and waits for replies.
        case ended
        /// Its last bytes are on their way, then it is closed.
        case closing
        /// It is closed, and we wait to hear that it is gone.
        case dropped
    }

    let client: Client
    var phase = Phase.open
    /// `nil` until it is greeted.
    var session: ServerSession?
    var decoder: FrameDecoder
    /// The descriptors that came last and that no command has taken.
    var descriptors: [DescriptorToken] = []
    /// In-band documents not answered yet, the oldest first.
    var slots: [Slot] = []
    /// Bytes of the in-band documents that wait to be sent, and of the out-of-band ones that are not answered.
    var waitingBytes = 0
    /// Bytes of the replies that wait until those before them are there.
    var answeredBytes = 0
    /// Out-of-band commands not answered yet.
    var outOfBandUnanswered = 0
    var isReadingPaused = false
    var unsent = 0

    init(_ client: Client, limits: ProxyLimits) {
        self.client = client
        decoder = FrameDecoder(limits: limits.documents)
    }

    var number: Int { client.number }

    /// Whether nothing is said to it any more.
    var isLeaving: Bool { phase == .closing || phase == .dropped }

    /// Whether it gets events.
    var getsEvents: Bool { !isLeaving && session?.isNegotiated == true }

    /// Whether another document of it may be looked at.
    func takesMore(_ limits: ProxyLimits) -> Bool {
        session != nil && !isLeaving && unsent + answeredBytes < limits.unsentBytesBeforePause
            && slots.count + outOfBandUnanswered < limits.waitingMax && waitingBytes < limits.waitingBytesMax
    }

    /// Bytes held of what the client has sent, and of what it has been answered but not told.
    var inputHeld: Int { decoder.bytesHeld + waitingBytes + answeredBytes }

    /// The command whose turn it is to be sent; there is none as long as a plugin holds one before it.
    var firstWaiting: Int? {
        for (index, slot) in slots.enumerated() {
            switch slot.state {
            case .waiting: return index
            case .held: return nil
            case .sent, .answered: continue
            }
        }
        return nil
    }

    /// Where the document of that number stands in the order of replies.
    func slot(of number: Int) -> Int? {
        slots.firstIndex { $0.number == number }
    }

    /// Whether nothing of it is left to be answered.
    var isIdle: Bool { slots.isEmpty && outOfBandUnanswered == 0 && decoder.isExhausted }

    /// Its in-band commands that wait to be sent.
    var waiting: [CommandQueue.Outgoing] {
        slots.compactMap { if case .waiting(let outgoing) = $0.state { outgoing } else { nil } }
    }

    /// All descriptors that belong to it, for when it goes.
    var allDescriptors: [DescriptorToken] {
        descriptors + waiting.flatMap(\.descriptors)
    }
}
