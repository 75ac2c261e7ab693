import ProxyCore
import QMP

/// Faults around reading, closing and stopping.
extension Fault {
    func spoilTheRest(_ event: ProxyEvent, _ actions: inout [ProxyAction], _ state: inout State) {
        switch self {
        case .clientIsSentMore, .monitorIsSentMore, .clientIsClosedForNothing, .stopComesTooEarly:
            add(to: &actions, &state)
        default:
            for index in actions.indices where isSpoilt(actions[index]) {
                actions.remove(at: index)
                state.isDone = true
                return
            }
        }
    }

    /// Whether an action must not be done.
    private func isSpoilt(_ action: ProxyAction) -> Bool {
        switch (self, action) {
        case (.clientIsNotPaused, .pauseReading), (.clientIsNotResumed, .resumeReading),
            (.acceptingIsNotPaused, .pauseAccepting), (.acceptingIsNotResumed, .resumeAccepting),
            (.reconnectIsForgotten, .setTimer(.reconnect, _)), (.stopIsForgotten, .stopped),
            (.clientIsNotClosed, .close(.client)), (.clientIsNotClosed, .finish(.client)):
            true
        default: false
        }
    }

    private func add(to actions: inout [ProxyAction], _ state: inout State) {
        for action in actions {
            switch (self, action) {
            case (.clientIsSentMore, .finish(.client(let client))):
                actions.append(.send(.client(client), SplicedMessage(Bytes(text: "{}\r\n"))))
            case (.monitorIsSentMore, .finish(.monitor)), (.monitorIsSentMore, .close(.monitor)):
                actions.append(.send(.monitor, SplicedMessage(Bytes(text: "{}\r\n"))))
            case (.clientIsClosedForNothing, .send(.client(let client), _, _)):
                state.count += 1
                guard state.count > 5 else { continue }
                actions.append(.finish(.client(client)))
            case (.stopComesTooEarly, .finish(.monitor)): actions.append(.stopped)
            default: continue
            }
            state.isDone = true
            return
        }
    }
}

extension ProxyAction {
    /// Whom a message is sent to.
    var endpoint: Endpoint? {
        if case .send(let endpoint, _, _) = self { endpoint } else { nil }
    }

    /// What is sent to a client.
    var toClient: Bytes? {
        if case .send(.client, let message, _) = self { message.joined } else { nil }
    }

    /// What is sent to the monitor.
    var toMonitor: Bytes? {
        if case .send(.monitor, let message, _) = self { message.joined } else { nil }
    }

    /// Whose command is sent to the monitor, by its tag.
    var client: Substring? {
        toMonitor?.text.split(separator: "~").dropFirst().first?.split(separator: "-").first
    }
}
