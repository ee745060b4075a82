/** Which registry a job asks for images, so that none takes all workers; and how far it has come. */
export const JOB_PROGRESS = `
alter table jobs add column registry text, add column progress jsonb;
create index jobs_running_of_registry on jobs (registry) where state = 'running' and registry is not null;
`;
