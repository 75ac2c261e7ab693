/// A procedure that an operator has begun, and whether it is over, by the states that are seen meanwhile.
struct COLOProcedure: Sendable {
    /// What can be begun.
    enum Kind: String, CaseIterable {
        case start, failover, resume
    }

    /// How it is over.
    enum End: Equatable {
        case done
        /// It has failed, or all is again as it was before.
        case failed
    }

    /// How often a state may be seen in which nothing has begun yet.
    ///
    /// 20 times, that is 5 s: the plugin begins at once, and waits for a partner only where it says that it seeks one.
    static let unbegunMax = 20

    private let kind: Kind
    /// Whether something was seen of it.
    private var hasBegun = false
    private var unbegun = 0

    /// One that the plugin has just said it will do.
    init(_ kind: Kind) {
        self.kind = kind
    }

    /// Whether it is over with this; `nil` while it goes on.
    mutating func end(with status: COLOStatus) -> End? {
        switch (kind, status.state) {
        case (.start, "paired"), (.resume, "paired"), (.failover, "alone"): return .done
        // A partner was found as soon as it was alone.
        case (.failover, "resyncing"): return .done
        case (_, "failed"), (_, "lost"): return .failed
        case (_, "idle"), (_, "alone"), (.failover, "paired"):
            if kind != .failover, status.isSeeking || status.isReady {
                hasBegun = true
                return nil
            }
            if hasBegun { return .failed }
            unbegun += 1
            return unbegun < Self.unbegunMax ? nil : .failed
        default:
            hasBegun = true
            return nil
        }
    }

    /// Why it is not done, for a person.
    func failure(with status: COLOStatus) -> String {
        let reason = status.why.map { ": \($0)" } ?? ""
        let advice = status.next.map { "; \($0)" } ?? ""
        let state = hasBegun ? "this side is \(status.state)" : "nothing has begun, this side is \(status.state)"
        return "the \(kind) has come to nothing: \(state)\(reason)\(advice)"
    }
}
