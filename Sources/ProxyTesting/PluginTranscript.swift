internal import PluginKit
internal import QMP

/// What a plugin wants done, in words: a line each.
enum PluginTranscript {
    static func line(_ effect: PluginEffect) -> String {
        switch effect {
        case .execute(let command, let monitor, let tag, let timeout):
            "execute \(tag) on \(monitor) for \(Quantity.text(duration: timeout)): \(command.message.bytes.text)"
        case .connect(let name, let address): "connect \(name) to \(address)"
        case .disconnect(let name): "disconnect \(name)"
        case .setTimer(let tag, let duration): "set \(tag) \(Quantity.text(duration: duration))"
        case .cancelTimer(let tag): "cancel \(tag)"
        case .store(let value, let tag): "store \(tag): \(value.written().text)"
        case .start(let program, let tag): "start \(tag): \(program.joined(separator: " "))"
        case .write(let line, let tag): "write to \(tag): \(line.text)"
        case .stop(let tag): "stop \(tag)"
        case .release(let tag, let verdict): "release \(tag): \(line(verdict))"
        case .mark(let text, nil): "mark: \(text)"
        case .mark(let text, let epoch?): "mark in epoch \(epoch): \(text)"
        case .log(let level, let text): "log \(level): \(text)"
        }
    }

    static func line(_ verdict: CommandVerdict) -> String {
        switch verdict {
        case .forward: "forward"
        case .replace(let command): "replace \(command.message.bytes.text)"
        case .answer(let answer): "answer \(text(answer))"
        case .hold(let tag, let limit, let late): "hold \(tag) for \(Quantity.text(duration: limit)), else \(late)"
        }
    }

    static func line(_ verdict: OwnCommandVerdict) -> String {
        switch verdict {
        case .answer(let answer): "answer \(text(answer))"
        case .hold(let tag, let limit): "hold \(tag) for \(Quantity.text(duration: limit))"
        }
    }

    static func line(_ verdict: ReplyVerdict) -> String {
        switch verdict {
        case .forward: "forward"
        case .replace(let answer): "replace \(text(answer))"
        }
    }

    static func line(_ verdict: EventVerdict) -> String {
        switch verdict {
        case .deliver: "deliver"
        case .replace(let value): "replace \(value.written().text)"
        case .drop: "drop"
        }
    }

    private static func text(_ answer: Answer) -> String {
        switch answer {
        case .success(let value): Reply.success(value, id: nil, isPretty: false).dropLast(2).text
        case .failure(let error): Reply.failure(error, id: nil, isPretty: false).dropLast(2).text
        }
    }
}
