using Holdfast.Contracts;
using Holdfast.Pipelines;
using Holdfast.Projects;
using Holdfast.Rollout;

namespace Holdfast.Platform.Tests.Projects;

public sealed class ProjectFileTests : IDisposable
{
    private const string Sample =
        """
        channels:
          ml-team: {slack: {webhook: "${secret:SLACK}"}}
        endpoints:
          credit-risk:
            model: credit-risk@champion
            fallback: rules/credit.yaml
            clock: wall                       # or event, for replays
            key: applicant_id                 # sticky routing
            rollout:
              steps:
                - shadow:  {for: 48h, min_predictions: 5000}
                - canary:  {traffic: 1%,  for: 1h}
                - gradual: {traffic: [10%, 25%, 50%, 100%], for: 1h}
              guard: {error_rate: no_worse, latency_p99: "+10%", accuracy: no_worse, alpha: 0.01}
        monitors:
          credit-risk:
            every: 1h
            baseline: data/applications@v3
            windows: [1h, 24h, 7d, adaptive]
            features: {test: auto, warn: 0.1, alarm: 0.25}
            label: {column: defaulted, delay: 30d}
        responses:
          - on: {endpoint: credit-risk, feature: income, psi: "> 0.25", kind: data_drift}
            do: [notify: ml-team, snapshot, retrain: {pipeline: credit, window: 90d}, deploy: {shadow: 48h, then: promote}]
          - on: {kind: data_fault}
            do: [notify: ml-team, snapshot, quarantine, fallback, block: retrain]
            after: [resume, retrain: {pipeline: fraud, window: 90d}]
          - on: {kind: concept_drift}
            do: [notify: ml-team, retrain: {pipeline: credit, window: 30d}]
        """;

    private const string Rules =
        """
        inputs: {income: {type: number, default: 0}}
        rules: [{when: "income > 1000", score: 0.2, prediction: "0"}]
        else: {score: 0.8, prediction: "1"}
        """;

    private readonly TemporaryFolder _folder = new();

    public ProjectFileTests()
    {
        Directory.CreateDirectory(_folder.File("rules"));
        File.WriteAllText(_folder.File("rules/credit.yaml"), Rules);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_whole_grammar_is_read()
    {
        var project = ProjectFile.Parse(Sample, _folder.Path, name: "credit");
        var endpoint = Assert.Single(project.Endpoints);
        Assert.Equal(("credit-risk", "credit-risk@champion", "wall", "applicant_id"), (endpoint.Name, endpoint.Model, endpoint.Clock, endpoint.Key));
        Assert.NotEmpty(endpoint.Fallback);
        var rollout = project.Rollouts["credit-risk"];
        Assert.Equal([0, 0.01, 0.1, 0.25, 0.5, 1], rollout.Steps.Select(s => s.Traffic));
        Assert.Equal(new StepSpec("shadow", 0, TimeSpan.FromHours(48), 5000), rollout.Steps[0]);
        Assert.Equal((0d, 0.1, 0.01), (rollout.Guard.ErrorRate!.Tolerance, rollout.Guard.LatencyP99!.Tolerance, rollout.Guard.Alpha));
        var monitor = Assert.Single(project.Monitors);
        Assert.Equal((TimeSpan.FromHours(1), "data/applications@v3", "defaulted", TimeSpan.FromDays(30)), (monitor.Every, monitor.Baseline, monitor.Label!.Column, monitor.Label.Delay));
        Assert.Equal(["1h", "24h", "7d", "adaptive"], monitor.Windows!);
        Assert.Equal(["credit/credit-risk/income/data_drift", "credit/data_fault", "credit/concept_drift"], project.Responses.Select(r => r.Name));
        Assert.Equal(["notify", "snapshot", "retrain", "deploy"], project.Responses[0].Do.Select(a => a.Name));
        Assert.Equal("ml-team", project.Responses[0].Do[0].Text());
        Assert.Equal(("credit", "90d"), (project.Responses[0].Do[2].Text("pipeline"), project.Responses[0].Do[2].Text("window")));
        Assert.Equal("> 0.25", project.Responses[0].On.Psi);
        Assert.Equal(["resume", "retrain"], project.Responses[1].After.Select(a => a.Name));
        Assert.Equal("${secret:SLACK}", Assert.Single(project.Channels).Url);
        Assert.Contains("labels come 30d late", Assert.Single(project.Notes()), StringComparison.Ordinal);
    }

    [Fact]
    public void Pipelines_stand_in_the_file_or_in_a_dvc_file()
    {
        File.WriteAllText(_folder.File("params.yaml"), "train: {depth: 3}\nout: model\n");
        File.WriteAllText(_folder.File("dvc.yaml"), "stages:\n  train:\n    cmd: ./train.sh ${train} \\${HOME} > ${out}/log\n    deps: [train.sh]\n    params: [train.depth]\n    outs:\n      - ${out}:\n          persist: true\n    metrics: [m.json: {cache: false}]\n");
        var project = ProjectFile.Parse(
            """
            pipelines:
              one:
                dvc: dvc.yaml
                register: {model: m, path: model/}
                seed: 7
                gates: [{metric: accuracy, min: 0.7}, {metric: recent.loss, better_than: recent.champion_loss, direction: lower, margin: 0.01, when: retrain}]
              two:
                data: applications@v1
                stages:
                  prepare: {cmd: [echo 1, "echo ${HOME}"], outs: [a], env: [HOLDFAST_WINDOW_DATA], timeout: 5m}
            """,
            _folder.Path);
        var one = project.Pipelines[0];
        Assert.Equal("./train.sh --depth 3 ${HOME} > model/log", Assert.Single(one.Stages[0].Commands));
        Assert.Equal([new StageOut("model", Persist: true), new StageOut("m.json", IsMetrics: true)], one.Stages[0].Outs);
        Assert.Equal((new RegisterSpec("m", "model"), 7), (one.Register!, one.Seed));
        Assert.Equal(new GateSpec("recent.loss", BetterThan: "recent.champion_loss", Margin: 0.01, LowerIsBetter: true, When: "retrain"), one.Gates[1]);
        var two = project.Pipelines[1];
        Assert.Equal(["echo 1", "echo ${HOME}"], two.Stages[0].Commands);
        Assert.Equal(("applications@v1", TimeSpan.FromMinutes(5)), (two.Data, two.Stages[0].Timeout));
    }

    [Fact]
    public void All_faults_are_told_at_once_with_line_column_and_the_nearest_key()
    {
        var e = Assert.Throws<HoldfastException>(() => ProjectFile.Parse(
            """
            chanels: {}
            endpoints:
              credit-risk:
                modell: x
                clock: sundial
                fallback: rules/none.yaml
                rollout:
                  steps:
                    - canary: {traffic: 200%, for: soon}
                    - turbo: {}
                  guard: {error_rate: better}
            monitors:
              credit-risk: {every: 1h, windows: [90m], features: {warn: 0.5, alarm: 0.1}}
            responses:
              - on: {kind: data_fault}
                do: [retrain: {pipeline: x}, dance]
            pipelines:
              p:
                stages:
                  a: {cmd: x, deps: [b], outs: [a]}
                  b: {cmd: x, deps: [a], outs: [b]}
                  c: {cmd: x, deps: [../secret]}
                gates: [{metric: m}]
            """,
            _folder.Path));
        string[] expected =
        [
            "line 1, column 1: 'chanels' is unknown. Did you mean 'channels'?",
            "line 4, column 5: 'modell' is unknown in 'endpoints.credit-risk'. Did you mean 'model'?",
            "line 5, column 12: 'sundial' is no clock.",
            "line 6, column 15: The file 'rules/none.yaml' is missing.",
            "line 9, column 29: 'traffic' must be a share",
            "line 9, column 40: 'for' must be a length of time",
            "line 10, column 18: 'turbo' is no kind of step.",
            "line 11, column 27: error_rate is 'better'.",
            "line 13,",
            "line 16,",
            "The stages need each other in a circle: a -> b -> a.",
            "line 22, column 26: The path '../secret' leads out of the project.",
            "compares with nothing",
        ];
        Assert.StartsWith("holdfast.yaml, line 1,", e.Faults[0].Message, StringComparison.Ordinal);
        var told = e.Faults.Select(f => $"{f.Message} {f.Hint}").ToList();
        foreach (var fault in expected)
            Assert.True(told.Exists(t => t.Contains(fault, StringComparison.Ordinal)), $"Not told: {fault}\n{string.Join('\n', told)}");
    }

    [Theory]
    [InlineData("endpoints: [", "line 2")]
    [InlineData("a: 1\na: 2", "line 2")]
    [InlineData("endpoints:\n\tx: 1", "line 1")]
    [InlineData("- 1\n- 2", "must be a map")]
    public void Broken_YAML_is_one_clear_fault(string text, string told)
    {
        var e = Assert.Throws<HoldfastException>(() => ProjectFile.Parse(text, _folder.Path));
        Assert.Contains(told, Assert.Single(e.Faults).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bomb_of_aliases_does_not_unfold()
    {
        var bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + string.Concat(Enumerable.Range(1, 12).Select(i => $"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n"));
        var e = Assert.Throws<HoldfastException>(() => ProjectFile.Parse("responses:\n  - on: {kind: data_fault}\n    do: [notify: *a12]\n".Replace("*a12", "{x: *a12}", StringComparison.Ordinal).Insert(0, bomb), _folder.Path));
        Assert.NotEmpty(e.Faults);
    }
}
