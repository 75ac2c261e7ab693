internal import PluginKit
internal import QMP

/// A plugin that is told one thing after the other, and what it said.
///
/// A copy of it goes its own way.
struct PluginRun {
    /// What a plugin did when it was called.
    struct Response: Equatable {
        let verdict: PluginCall.Verdict?
        let effects: [PluginEffect]
        /// As operators see it afterwards.
        let state: Bytes
    }

    /// One call.
    struct Step {
        let time: Duration
        let call: PluginCall
        let response: Response

        /// The call, and in lines of their own what came of it.
        var lines: [String] {
            [call.text] + PluginRun.lines(of: response).map { "    \($0)" }
        }
    }

    private(set) var plugin: any Plugin
    private(set) var steps: [Step] = []
    private let name: String

    init(_ instance: PluginInstance) {
        plugin = instance.plugin
        name = instance.name
    }

    /// Calls the plugin.
    @discardableResult
    mutating func tell(_ call: PluginCall, at now: Duration) -> Response {
        var context = PluginContext(plugin: name, monitor: "vm0", version: "0", now: now)
        let verdict = call.make(to: &plugin, &context)
        let response = Response(verdict: verdict, effects: context.effects, state: plugin.state.written())
        steps.append(Step(time: now, call: call, response: response))
        return response
    }

    /// Tells it what another one was told.
    ///
    /// - Returns: in words what it said where it first said something else; `nil` if it never did.
    mutating func differs(from steps: some Sequence<Step>) -> [String]? {
        for step in steps {
            let response = tell(step.call, at: step.time)
            guard response != step.response else { continue }
            return ["one: \(step.call.text)"] + Self.lines(of: step.response).map { "    \($0)" }
                + ["the other: \(step.call.text)"] + Self.lines(of: response).map { "    \($0)" }
        }
        return nil
    }

    private static func lines(of response: Response) -> [String] {
        response.effects.map { PluginTranscript.line($0) }
            + (response.verdict.map { [PluginTranscript.line($0)] } ?? [])
            + (response.state.text == "null" ? [] : ["state \(response.state.text)"])
    }
}
