using System.Text.Json.Serialization.Metadata;
using Holdfast.Access;
using Holdfast.Alerts;
using Holdfast.Contracts;
using Holdfast.Data;
using Holdfast.Kernel;
using Holdfast.Lineage;
using Holdfast.MLNet;
using Holdfast.Monitoring;
using Holdfast.Pipelines;
using Holdfast.Predictions;
using Holdfast.Projects;
using Holdfast.Registry;
using Holdfast.Response;
using Holdfast.Rollout;
using Holdfast.Serving;
using Holdfast.Serving.Backends;
using Holdfast.Storage;
using Holdfast.Storage.Blobs;
using Holdfast.Storage.Sql;
using Holdfast.Tracking;
using Holdfast.Ui;
using Holdfast.Wire.Mlflow;
using Holdfast.Wire.MlflowScoring;
using Holdfast.Wire.OpenInference;
using Holdfast.Wire.OpenInference.Grpc;
using Holdfast.Wire.Otlp;
using Holdfast.Wire.V1;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;
using Prometheus;

namespace Holdfast.Serve;

/// <summary>The composition root: the only place that knows every room.</summary>
public static class HoldfastServer
{
    private const long MaxBody = 64L << 20;

    /// <summary>
    /// Opens the data folder and puts the server together; <c>StartAsync</c> brings the schema up to date and then listens.
    /// </summary>
    /// <exception cref="HoldfastException">The folder or its database cannot be used.</exception>
    public static WebApplication Build(ServeOptions options, Action<IServiceCollection>? customize = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        // Nothing is read from or watched in the folder where the command happens to run.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory, EnvironmentName = "Production", ApplicationName = "holdfast" });
        builder.WebHost.UseKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = MaxBody;
            // MLflow's pages name up to a hundred runs in a query.
            kestrel.Limits.MaxRequestLineSize = 64 << 10;
            // Without TLS a port speaks one version of HTTP: gRPC has its own.
            kestrel.ConfigureEndpointDefaults(listen =>
            {
                if (options.GrpcUrls.Count > 0 && listen.IPEndPoint?.Port is { } port && options.GrpcUrls.Any(u => new Uri(u).Port == port))
                    listen.Protocols = HttpProtocols.Http2;
            });
        });
        builder.WebHost.UseUrls([.. options.Urls, .. options.GrpcUrls]);
        AddLogging(builder.Logging, options);
        AddFoundation(builder.Services, options);
        AddRooms(builder.Services, options);
        customize?.Invoke(builder.Services);
        var app = builder.Build();
        try
        {
            // First made, last freed: whatever goes wrong later, the folder's lock outlives the database.
            _ = app.Services.GetRequiredService<DataFolder>();
            _ = app.Services.GetRequiredService<Db>();
            Use(app, options);
            Map(app, options);
            return app;
        }
        catch
        {
            ((IDisposable)app.Services).Dispose();
            throw;
        }
    }

    /// <summary>Starts a built server; a port that cannot be had is said in one message.</summary>
    public static async Task Start(WebApplication app, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(app);
        try
        {
            await app.StartAsync(ct);
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The port is in use: {e.Message.TrimEnd('.')}.", "Stop the program that listens there, or name another port with --port.", e);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new HoldfastException(ErrorCode.FailedPrecondition, $"The server cannot listen on {string.Join(", ", app.Services.GetRequiredService<ServeOptions>().Urls)}: {e.Message}", "Name another address with --urls or --port.", e);
        }
    }

    private static IBlobStore Blobs(IServiceProvider services, ServeOptions options, S3Address? remote, string folder) =>
        remote is null ? new FileBlobStore(folder) : new S3BlobStore(remote, services.GetRequiredService<DataFolder>().Cache, options.S3Endpoint, options.Time);

    private static void AddFoundation(IServiceCollection services, ServeOptions options)
    {
        services.AddSingleton(options);
        services.AddSingleton(options.Time);
        services.AddSingleton<IHostLifetime, CommandLifetime>();
        services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(20));
        services.AddSingleton(_ => DataFolder.Open(options.Data));
        services.AddSingleton(s => options.Database is { } postgres ? Db.OpenPostgres(postgres) : Db.OpenSqlite(s.GetRequiredService<DataFolder>().Database));
        services.AddKeyedSingleton<IBlobStore>("blobs", (s, _) => Blobs(s, options, options.Blobs?.Below("blobs"), s.GetRequiredService<DataFolder>().Blobs));
        services.AddKeyedSingleton<IBlobStore>("artifacts", (s, _) => Blobs(
            s, options, S3Address.Is(options.ArtifactsDestination) ? S3Address.Parse(options.ArtifactsDestination!) : options.ArtifactsDestination is null ? options.Blobs?.Below("artifacts") : null,
            options.ArtifactsDestination ?? s.GetRequiredService<DataFolder>().Artifacts));
        services.AddSingleton<Journal>();
        services.AddSingleton<ServerClock>();
        services.AddSingleton<Draining>();
        services.AddSingleton<RequestGuard>();
        services.AddSingleton<IMetricFactory>(Metrics.DefaultFactory);
        // The schema comes before every room's background work.
        services.AddHostedService<ServerLife>();
        services.AddRouting();
        services.ConfigureHttpJsonOptions(json =>
        {
            HoldfastJson.Apply(json.SerializerOptions);
            json.SerializerOptions.TypeInfoResolver = new DefaultJsonTypeInfoResolver().WithAddedModifier(RequestShape.Require);
        });
        if (options.GrpcUrls.Count > 0)
            services.AddOpenInferenceGrpc();
    }

    /// <summary>Every room, in the order in which the one below is known to the one above.</summary>
    private static void AddRooms(IServiceCollection services, ServeOptions options)
    {
        services.AddAccess(new AccessOptions(options.RequireToken));
        services.AddTracking(new TrackingOptions { ArtifactRoot = options.ArtifactRoot ?? TrackingOptions.DefaultArtifactRoot });
        services.AddRegistry();

        services.AddData();
        services.AddPipelines();
        services.AddPredictions();
        services.AddServing();
        // Its assemblies are loaded by the first such model.
        services.AddSingleton(new BackendKind("mlnet", static (file, package) => MLNetBackend.Load(file, package)));
        services.AddAlerts(options.PublicUrl);
        services.AddMonitoring();
        services.AddRollout();
        services.AddResponse();
        services.AddProjects();
        services.AddLineage();
        services.AddUi();

        // Last: the controllers of all rooms run in it.
        services.AddSingleton<ControlLoop>();
        services.AddHostedService(s => s.GetRequiredService<ControlLoop>());
        services.AddHostedService<JournalWake>();
    }

    private static void Use(WebApplication app, ServeOptions options)
    {
        Metrics.SuppressDefaultMetrics(new SuppressDefaultMetricOptions { SuppressEventCounters = true, SuppressMeters = true, SuppressDebugMetrics = true });
        var db = app.Services.GetRequiredService<Db>();
        var commits = Metrics.CreateCounter("holdfast_commits_total", "Commits of the database, each durable; one serves all writes that waited for it.");
        Metrics.DefaultRegistry.AddBeforeCollectCallback(() => commits.IncTo(db.Commits ?? 0));
        var guard = app.Services.GetRequiredService<RequestGuard>();
        var draining = app.Services.GetRequiredService<Draining>();
        app.Use(next => context => RequestGuard.Protect(context, next));
        app.Use(next => context => RequestGuard.LetGo(context, draining, next));
        app.Use(next => context => Problems.Catch(context, next));
        app.Use(next => context => guard.CheckOrigin(context, next));
        app.Use(next => context => RequestGuard.PlainPath(context, next));
        app.UseEmbeddedAssets();
        app.UseWebSockets();
        app.UseRouting();
        app.UseHttpMetrics(metrics => metrics.ReduceStatusCodeCardinality());
        app.Use(next => context => RequestGuard.CheckBody(context, next));
        app.UseAccess();
    }

    private static void Map(WebApplication app, ServeOptions options)
    {
        app.MapHealth();
        app.MapMetrics().Open();
        var api = app.MapGroup("/api/v1");
        api.MapSystemApi();
        api.MapAccessApi();
        api.MapTrackingApi();
        api.MapRunLifeApi();
        api.MapTracesApi();
        api.MapRegistryApi();
        api.MapCardsApi();
        api.MapLineageApi();
        api.MapDataApi();
        api.MapPredictionsApi();
        api.MapServingApi();
        api.MapMonitoringApi();
        api.MapRolloutApi();
        api.MapAbApi();
        api.MapResponseApi();
        api.MapAlertsApi();
        api.MapPipelinesApi();
        api.MapProjectsApi();

        api.Map("/{**rest}", (HttpContext http) =>
            throw new HoldfastException(ErrorCode.NotFound, $"There is no {http.Request.Method} {http.Request.Path}.", "See docs/api.md for what the API offers.")).Open();
        app.MapMlflow();
        app.MapOtlp();
        app.MapOpenInference();
        app.MapV1();
        app.MapMlflowScoring(options.Invocations);
        if (options.GrpcUrls.Count > 0)
            app.MapOpenInferenceGrpc();
        app.MapUi();
        app.Services.GetRequiredService<ReservedNames>().Set(FirstSegments(app));
    }

    private static IEnumerable<string> FirstSegments(IEndpointRouteBuilder app) =>
        app.DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Select(e => e.RoutePattern.PathSegments is [{ Parts: [RoutePatternLiteralPart literal] }, ..] ? literal.Content : null)
            .OfType<string>()
            .Concat(["_blazor", "_framework", "_content", "files", "login", "logout"])
            .Distinct(StringComparer.OrdinalIgnoreCase);

    private static void AddLogging(ILoggingBuilder logging, ServeOptions options)
    {
        logging.SetMinimumLevel(options.LogLevel);
        // The keys lie in the data folder, whose rights protect them.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        // A start that fails is said once, by the command.
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.None);
        logging.AddFilter("Microsoft", options.LogLevel > LogLevel.Warning ? options.LogLevel : LogLevel.Warning);
        // A caller's mistake is the caller's to know.
        logging.AddFilter("Grpc", options.LogLevel > LogLevel.Warning ? options.LogLevel : LogLevel.Warning);
        if (options.LogFormat == LogFormat.Json)
        {
            logging.AddJsonConsole(console => console.TimestampFormat = "O");
        }
        else
        {
            logging.AddSimpleConsole(console =>
            {
                console.SingleLine = true;
                console.TimestampFormat = "HH:mm:ss ";
                console.ColorBehavior = Console.IsErrorRedirected ? LoggerColorBehavior.Disabled : LoggerColorBehavior.Default;
            });
        }

        // stdout is for results.
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
