using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.OnnxRuntime;

namespace Holdfast.Bench.Serving;

/// <summary>What anybody would write by hand: Kestrel, System.Text.Json, ONNX Runtime. No routing, no log, no checks.</summary>
internal static class BareServer
{
    public static async Task Run(string folder, int width)
    {
        using var settings = new Microsoft.ML.OnnxRuntime.SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1 };
        using var session = new InferenceSession(Path.Combine(folder, $"model-{width}", "model.onnx"), settings);
        var names = session.InputNames;
        var matrix = names.Count == 1;
        using var run = new RunOptions();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRouting();
        await using var app = builder.Build();
        app.UseRouting();
        app.MapPost("/v2/models/x/infer", (Request request) =>
        {
            var values = new float[width];
            for (var i = 0; i < width; i++)
                values[i] = (float)request.Inputs[i].Data[0];
            var inputs = new List<OrtValue>(names.Count);
            for (var i = 0; i < names.Count; i++)
                inputs.Add(OrtValue.CreateTensorValueFromMemory(matrix ? values : [values[i]], matrix ? [1, width] : [1, 1]));
            using var outputs = session.Run(run, names, inputs, session.OutputNames);
            foreach (var input in inputs)
                input.Dispose();
            var score = outputs[0].GetTensorDataAsSpan<float>()[^1];
            return Results.Json(new Reply("x", [new Output("score", "FP64", [1], [score])]));
        });
        await app.StartAsync();
        Console.WriteLine(app.Urls.First());
        Console.In.ReadToEnd();
    }

    internal sealed record Request(Input[] Inputs);

    internal sealed record Input(string Name, long[] Shape, string Datatype, double[] Data);

    internal sealed record Reply(string Model_name, Output[] Outputs);

    internal sealed record Output(string Name, string Datatype, long[] Shape, double[] Data);
}
