return await Holdfast.Commands.Cli.Run(args);
