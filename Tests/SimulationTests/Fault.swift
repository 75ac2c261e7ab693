import ProxyCore
import QMP

/// A fault of an engine's, made by changing what it asks for.
enum Fault: String, CaseIterable {
    case answerIsLost, answerComesTwice, answersAreSwapped, answerIsChanged, answersChangeOrder
    case eventIsLost, eventComesTwice, eventComesTooEarly, greetingIsLost
    case commandIsLost, commandIsSentTwice, commandIsChanged, commandsChangeOrder
    case descriptorsAreClosedTwice, descriptorsAreForgotten, descriptorsAreLeftBehind, descriptorsGoElsewhere
    case clientIsNotPaused, clientIsNotResumed, clientIsClosedForNothing, clientIsNotClosed, clientIsSentMore
    case acceptingIsNotPaused, acceptingIsNotResumed
    case reconnectIsForgotten, monitorIsSentMore, stopIsForgotten, stopComesTooEarly
    case holdIsForgotten, holdHasNoLimit, releaseIsForgotten, releasedCommandIsLost, heldOfTheGoneIsNotTold
    case ownCommandIsLost, ownCommandIsSentTwice, ownCommandIsChanged, ownCommandHasNoLimit
    case ownCommandIsRecordedAsAClients, ownReplyGoesToAClient, outcomeIsLost, outcomeIsToldTwice
    case pluginTimerIsLeft, storeIsLost, programIsNotStarted, programIsNotStopped

    /// What a fault remembers of a run.
    struct State {
        var count = 0
        var isDone = false
        var negotiated: Set<Endpoint> = []
        var descriptors: [DescriptorToken] = []
    }

    /// The checks that may find it.
    var invariants: [String] {
        switch self {
        case .answerIsLost, .answerComesTwice, .answersAreSwapped, .answerIsChanged, .answersChangeOrder: ["answers"]
        case .eventIsLost: ["events", "answers"]
        case .eventComesTwice, .eventComesTooEarly: ["answers", "greeting"]
        case .greetingIsLost: ["greeting", "reading"]
        case .commandIsLost: ["upstream", "calm", "order"]
        case .commandIsSentTwice: ["upstream", "ids"]
        case .commandIsChanged: ["ids", "upstream"]
        case .commandsChangeOrder: ["order"]
        case .descriptorsAreClosedTwice, .descriptorsAreForgotten, .descriptorsAreLeftBehind, .descriptorsGoElsewhere:
            ["descriptors"]
        case .clientIsNotPaused, .clientIsNotResumed: ["reading", "calm"]
        case .clientIsClosedForNothing: ["closing"]
        case .clientIsNotClosed: ["unsent", "closing", "calm", "stop"]
        case .clientIsSentMore, .monitorIsSentMore: ["closing"]
        case .acceptingIsNotPaused, .acceptingIsNotResumed: ["accepting", "calm"]
        case .reconnectIsForgotten: ["calm"]
        case .stopIsForgotten, .stopComesTooEarly: ["stop"]
        case .holdIsForgotten, .holdHasNoLimit, .releaseIsForgotten: ["holding"]
        case .releasedCommandIsLost: ["upstream"]
        case .heldOfTheGoneIsNotTold, .outcomeIsLost, .outcomeIsToldTwice, .storeIsLost, .programIsNotStarted:
            ["plugins"]
        case .ownCommandIsLost, .ownCommandIsSentTwice, .ownCommandHasNoLimit: ["executions"]
        case .ownCommandIsChanged: ["ids"]
        case .ownCommandIsRecordedAsAClients: ["recording"]
        case .ownReplyGoesToAClient: ["answers"]
        case .pluginTimerIsLeft: ["stop", "plugins"]
        case .programIsNotStopped: ["stop"]
        }
    }

    func apply(_ event: ProxyEvent, _ actions: inout [ProxyAction], _ state: inout State) {
        guard !state.isDone else { return }
        switch self {
        case .answerIsLost, .answerComesTwice, .answersAreSwapped, .answerIsChanged, .answersChangeOrder:
            spoilAnswers(&actions, &state)
        case .eventIsLost, .eventComesTwice, .eventComesTooEarly, .greetingIsLost: spoilEvents(&actions, &state)
        case .commandIsLost, .commandIsSentTwice, .commandIsChanged, .commandsChangeOrder:
            spoilCommands(&actions, &state)
        case .descriptorsAreClosedTwice, .descriptorsAreForgotten, .descriptorsAreLeftBehind, .descriptorsGoElsewhere:
            spoilDescriptors(&actions, &state)
        case .clientIsNotPaused, .clientIsNotResumed, .clientIsClosedForNothing, .clientIsNotClosed, .clientIsSentMore,
            .acceptingIsNotPaused, .acceptingIsNotResumed, .reconnectIsForgotten, .monitorIsSentMore, .stopIsForgotten,
            .stopComesTooEarly:
            spoilTheRest(event, &actions, &state)
        default: spoilPlugins(&actions, &state)
        }
    }

    // MARK: - Messages

    private func spoilAnswers(_ actions: inout [ProxyAction], _ state: inout State) {
        let answers = actions.indices.filter { actions[$0].toClient?.text.contains("\"return\": ") == true }
        guard let first = answers.first, case .send(let endpoint, let message, _) = actions[first] else { return }
        state.count += 1
        guard state.count > 3 else { return }
        switch self {
        case .answerIsLost: actions.remove(at: first)
        case .answerComesTwice: actions.insert(actions[first], at: first)
        case .answerIsChanged:
            let text = message.joined.text.replacing("\"return\"", with: "\"Return\"")
            actions[first] = .send(endpoint, SplicedMessage(Bytes(text: text)))
        case .answersAreSwapped:
            let other = answers.first { actions[$0].endpoint != endpoint }
            guard let other, case .send(let otherEndpoint, let otherMessage, _) = actions[other] else { return }
            actions[first] = .send(otherEndpoint, message)
            actions[other] = .send(endpoint, otherMessage)
        default:
            let next = answers.dropFirst().first { actions[$0].endpoint == endpoint && actions[$0] != actions[first] }
            guard let next else { return }
            actions.swapAt(first, next)
        }
        state.isDone = true
    }

    private func spoilEvents(_ actions: inout [ProxyAction], _ state: inout State) {
        for action in actions where action.toClient?.text.contains("\"return\": ") == true {
            action.endpoint.map { _ = state.negotiated.insert($0) }
        }
        let word = self == .greetingIsLost ? "\"QMP\"" : "\"event\""
        let index = actions.firstIndex { $0.toClient?.text.contains(word) == true }
        guard let index, case .send(_, let message, _) = actions[index] else {
            if self == .eventComesTooEarly { noteGreeted(actions, &state) }
            return
        }
        if self == .eventComesTooEarly {
            noteGreeted(actions, &state)
            guard let early = state.descriptors.first else { return }
            actions.append(.send(.client(early.number), message))
        } else if self == .eventComesTwice {
            actions.insert(actions[index], at: index)
        } else {
            actions.remove(at: index)
        }
        state.isDone = true
    }

    /// Remembers, for want of a better place as a token, the last client that was greeted and has not negotiated.
    private func noteGreeted(_ actions: [ProxyAction], _ state: inout State) {
        for action in actions where action.toClient?.text.contains("\"QMP\"") == true {
            if case .client(let number) = action.endpoint { state.descriptors = [DescriptorToken(number)] }
        }
        state.descriptors.removeAll { state.negotiated.contains(.client($0.number)) }
    }

    private func spoilCommands(_ actions: inout [ProxyAction], _ state: inout State) {
        let commands = actions.indices.filter { actions[$0].toMonitor?.text.contains("~") == true }
        guard let first = commands.first, case .send(_, let message, let descriptors) = actions[first] else { return }
        switch self {
        case .commandIsLost: actions.remove(at: first)
        case .commandIsSentTwice: actions.append(.send(.monitor, message))
        case .commandIsChanged:
            let text = message.joined.text.replacing("~", with: " ~", maxReplacements: 1)
            actions[first] = .send(.monitor, SplicedMessage(Bytes(text: text)), descriptors: descriptors)
        default:
            // Two of the same client's: the tag begins with its number.
            let next = commands.dropFirst().first { actions[$0].client == actions[first].client }
            guard let next else { return }
            actions.swapAt(first, next)
        }
        state.isDone = true
    }

    private func spoilDescriptors(_ actions: inout [ProxyAction], _ state: inout State) {
        for index in actions.indices {
            switch (actions[index], self) {
            case (.closeDescriptors, .descriptorsAreClosedTwice): actions.append(actions[index])
            case (.closeDescriptors, .descriptorsAreForgotten): actions.remove(at: index)
            case (.send(.monitor, let message, let tokens), .descriptorsAreLeftBehind) where !tokens.isEmpty:
                actions[index] = .send(.monitor, message)
            case (.send(.monitor, let message, let tokens), .descriptorsGoElsewhere):
                if !tokens.isEmpty {
                    state.descriptors = tokens
                    actions[index] = .send(.monitor, message)
                    continue
                }
                guard !state.descriptors.isEmpty else { continue }
                actions[index] = .send(.monitor, message, descriptors: state.descriptors)
            default: continue
            }
            state.isDone = true
            return
        }
    }
}
